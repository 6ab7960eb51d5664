package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** The platform thread that carries the calling one, or the calling one itself. */
public final class Carrier {
    private static final MethodHandle CURRENT = find();

    private Carrier() {}

    public static Thread current() {
        try {
            return (Thread) CURRENT.invokeExact();
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    private static MethodHandle find() {
        MethodType type = MethodType.methodType(Thread.class);
        try {
            return MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup())
                    .findStatic(Thread.class, "currentCarrierThread", type);
        } catch (ReflectiveOperationException closed) {
            try {
                return MethodHandles.lookup().findStatic(Thread.class, "currentThread", type);
            } catch (ReflectiveOperationException impossible) {
                throw new AssertionError(impossible);
            }
        }
    }
}
