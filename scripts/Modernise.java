import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/**
 * Gives the classes of a jar that were compiled for Java 5 the stack maps of later class files (JVMS 4.7.4). The AOT
 * cache takes no class without them, and a command line that loads and verifies picocli anew each time pays 0.1 s for
 * it. Run by build.sh: java scripts/Modernise.java JAR…
 */
final class Modernise {
    private static final int FIRST_WITH_STACK_MAPS = ClassFile.JAVA_6_VERSION;

    private Modernise() { }

    public static void main(String[] jars) throws IOException {
        for (String jar : jars) {
            rewrite(Path.of(jar));
        }
    }

    private static void rewrite(Path jar) throws IOException {
        Path fresh = jar.resolveSibling(jar.getFileName() + ".new");
        int changed = 0;
        try (JarFile in = new JarFile(jar.toFile()); OutputStream file = Files.newOutputStream(fresh);
                JarOutputStream out = new JarOutputStream(file);
                URLClassLoader own = new URLClassLoader(new URL[] {jar.toUri().toURL()})) {
            ClassHierarchyResolver types = ClassHierarchyResolver.ofResourceParsing(own)
                    .orElse(ClassHierarchyResolver.defaultResolver());
            for (Enumeration<JarEntry> entries = in.entries(); entries.hasMoreElements();) {
                JarEntry entry = entries.nextElement();
                byte[] bytes = in.getInputStream(entry).readAllBytes();
                byte[] modern = entry.getName().endsWith(".class") ? modern(bytes, types) : bytes;
                changed += modern == bytes ? 0 : 1;
                JarEntry copy = new JarEntry(entry.getName());
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                out.write(modern);
            }
        }
        if (changed > 0) {
            Files.move(fresh, jar, StandardCopyOption.REPLACE_EXISTING);
            System.out.println(jar + ": " + changed + " classes modernised");
        } else {
            Files.delete(fresh);
        }
    }

    private static byte[] modern(byte[] bytes, ClassHierarchyResolver types) {
        // A new constant pool, and bodies that pass through as elements: else they are copied as they are.
        ClassFile tool = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ConstantPoolSharingOption.NEW_POOL, ClassFile.ClassHierarchyResolverOption.of(types));
        ClassModel model = tool.parse(bytes);
        if (model.majorVersion() >= FIRST_WITH_STACK_MAPS) {
            return bytes;
        }
        ClassTransform version = ClassTransform.endHandler(builder -> builder.withVersion(ClassFile.JAVA_8_VERSION, 0));
        ClassTransform bodies = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element));
        return tool.transformClass(model, bodies.andThen(version));
    }
}
