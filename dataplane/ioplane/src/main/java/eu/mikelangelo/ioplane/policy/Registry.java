package eu.mikelangelo.ioplane.policy;

import java.util.HashMap;
import java.util.Map;

/**
 * What the ports of a switch share by name: the numbers of groups, the limits of machines. Each lives as long as one of
 * its ports. One thread; asked when ports come and go only.
 */
public final class Registry {
    private static final class Entry {
        int users;
        /** Of a group. */
        int number;
        /** Of a machine. */
        Share sends;
        Share receives;
    }

    private final int mostGroups;
    private final Map<String, Entry> groups = new HashMap<>();
    private final Map<String, Entry> machines = new HashMap<>();
    private final boolean[] taken;

    /** @param mostPorts of the switch; there can be no more groups than ports */
    public Registry(int mostPorts) {
        mostGroups = mostPorts + 1;
        taken = new boolean[mostGroups];
        // The group without a name.
        taken[0] = true;
    }

    int enterGroup(String name) {
        if (name.isEmpty()) {
            return 0;
        }
        Entry entry = groups.get(name);
        if (entry == null) {
            entry = new Entry();
            while (taken[entry.number]) {
                entry.number++;
            }
            taken[entry.number] = true;
            groups.put(name, entry);
        }
        entry.users++;
        return entry.number;
    }

    void leaveGroup(String name) {
        Entry entry = groups.get(name);
        if (entry != null && --entry.users == 0) {
            taken[entry.number] = false;
            groups.remove(name);
        }
    }

    /** The first port of a machine brings its limits; that all bring the same is seen to where ports are asked for. */
    void enterMachine(PortPolicy policy, long nowNs) {
        if (policy.machine().isEmpty()) {
            return;
        }
        Entry entry = machines.get(policy.machine());
        if (entry == null) {
            entry = new Entry();
            entry.sends = Share.of(Limit.of(policy.machineSends(), nowNs));
            entry.receives = Share.of(Limit.of(policy.machineReceives(), nowNs));
            machines.put(policy.machine(), entry);
        }
        entry.users++;
    }

    Share machineSends(String name) {
        return name.isEmpty() ? null : machines.get(name).sends;
    }

    Share machineReceives(String name) {
        return name.isEmpty() ? null : machines.get(name).receives;
    }

    void leaveMachine(String name) {
        Entry entry = machines.get(name);
        if (entry != null && --entry.users == 0) {
            machines.remove(name);
        }
    }
}
