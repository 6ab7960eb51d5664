package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.machines.MachineState.Phase;
import eu.mikelangelo.machines.host.ProcessId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TransitionsTest {
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant T1 = T0.plusSeconds(5);
    private static final ProcessId QEMU = new ProcessId(10, 100, "boot");
    private static final ProcessId PASST = new ProcessId(11, 101, "boot");
    private static final List<MachineEvent> EVENTS = List.of(new MachineEvent.Start(),
            new MachineEvent.Launched(QEMU, PASST, "tcg"), new MachineEvent.LaunchFailed("port taken"),
            new MachineEvent.PasstReplaced(new ProcessId(12, 102, "boot")), new MachineEvent.AppStarted(),
            new MachineEvent.Ready(), new MachineEvent.StopRequested(),
            new MachineEvent.AppExited(ExitStatus.code(3)), new MachineEvent.GuestFailed("no such program"),
            new MachineEvent.Panicked("Kernel panic"), new MachineEvent.Gone("segmentation fault"));

    /** Columns in the order of EVENTS; '-' stays as it is, '!' throws, else the first letters of the next phase. */
    private static final String TABLE = """
            CREATED   STA !   !   -   -   -   -   -   -   -   -
            STARTING  !   STA FAI STA RUN RUN STO STO STO STO FAI
            RUNNING   !   !   !   RUN -   RUN STO STO STO STO FAI
            STOPPING  !   STO FAI STO -   -   -   STO STO STO EXI
            EXITED    STA !   !   -   -   -   -   -   -   -   -
            FAILED    STA !   !   -   -   -   -   -   -   -   -
            """;

    private static MachineState in(Phase phase) {
        boolean live = phase.live();
        return new MachineState(MachineState.SCHEMA, phase, live ? QEMU : null, live ? PASST : null, "tcg", false,
                phase == Phase.EXITED ? ExitStatus.code(0) : null, phase == Phase.FAILED ? "why" : "", T0, T0);
    }

    @Test
    void everyPhaseMeetsEveryEvent() {
        Set<Phase> seen = new HashSet<>();
        for (String row : TABLE.lines().toList()) {
            String[] cells = row.split("\\s+");
            Phase phase = Phase.valueOf(cells[0]);
            seen.add(phase);
            assertEquals(EVENTS.size() + 1, cells.length, row);
            for (int i = 0; i < EVENTS.size(); i++) {
                check(in(phase), EVENTS.get(i), cells[i + 1]);
            }
        }
        assertEquals(Set.of(Phase.values()), seen);
        Set<Class<?>> kinds = new HashSet<>();
        EVENTS.forEach(event -> kinds.add(event.getClass()));
        assertEquals(Set.of(MachineEvent.class.getPermittedSubclasses()), kinds);
    }

    private static void check(MachineState state, MachineEvent event, String cell) {
        String what = state.phase() + " " + event;
        if (cell.equals("!")) {
            assertThrows(IllegalStateException.class, () -> Transitions.on(state, event, T1), what);
            return;
        }
        MachineState next = Transitions.on(state, event, T1);
        if (cell.equals("-")) {
            assertSame(state, next, what);
        } else {
            assertTrue(next.phase().name().startsWith(cell), what + " gave " + next.phase());
        }
    }

    private static MachineState after(MachineEvent... events) {
        MachineState state = MachineState.created(T0);
        for (MachineEvent event : events) {
            state = Transitions.on(state, event, T1);
        }
        return state;
    }

    private static final MachineEvent[] UP = {EVENTS.get(0), EVENTS.get(1), EVENTS.get(4), EVENTS.get(5)};

    private static MachineState afterUp(MachineEvent... more) {
        List<MachineEvent> events = new ArrayList<>(List.of(UP));
        events.addAll(List.of(more));
        return after(events.toArray(MachineEvent[]::new));
    }

    @Test
    void endsByTheApplicationsCode() {
        MachineState end = afterUp(EVENTS.get(7), new MachineEvent.AppExited(ExitStatus.code(9)), EVENTS.get(9),
                EVENTS.getLast());
        assertEquals(Phase.EXITED, end.phase());
        assertEquals(ExitStatus.code(3), end.exit(), "the first word counts");
        assertEquals("", end.reason(), "a panic on the way out is no failure");
    }

    @Test
    void endsByKill() {
        assertEquals(ExitStatus.signal(9), afterUp(EVENTS.get(6), EVENTS.getLast()).exit());
        assertEquals(137, afterUp(EVENTS.get(6), EVENTS.getLast()).exit().shellCode());
    }

    @Test
    void failsByTheGuestAndKeepsTheShellsCode() {
        MachineState end = after(EVENTS.get(0), EVENTS.get(1), EVENTS.get(8),
                new MachineEvent.AppExited(ExitStatus.code(127)), EVENTS.getLast());
        assertEquals(Phase.FAILED, end.phase());
        assertEquals("no such program", end.reason());
        assertEquals(ExitStatus.code(127), end.exit());
    }

    @Test
    void failsByPanicAndByQemu() {
        assertEquals("the guest's kernel panicked: Kernel panic", afterUp(EVENTS.get(9), EVENTS.getLast()).reason());
        assertEquals("QEMU ended unexpectedly; it said last: segmentation fault", afterUp(EVENTS.getLast()).reason());
    }

    @Test
    void startsAnewWithAClearHead() {
        MachineState again = afterUp(EVENTS.get(9), EVENTS.getLast(), EVENTS.get(0));
        assertEquals(Phase.STARTING, again.phase());
        assertFalse(again.ready());
        assertNull(again.exit());
        assertEquals("", again.reason());
    }

    @Test
    void cutsWhatAGuestSays() {
        String reason = afterUp(new MachineEvent.GuestFailed("x".repeat(100_000)), EVENTS.getLast()).reason();
        assertEquals(Transitions.MOST_REASON_CHARS + 1, reason.length());
    }

    /** Random events in random order, as a hostile guest and an impatient operator give them. */
    @Test
    void keepsItsPromisesInAnyOrder() {
        Random random = new Random(20260101);
        int[] visits = new int[Phase.values().length];
        for (int round = 0; round < 3000; round++) {
            MachineState state = MachineState.created(T0);
            for (int step = 0; step < 30; step++) {
                MachineEvent event = EVENTS.get(random.nextInt(EVENTS.size()));
                MachineState next;
                try {
                    next = Transitions.on(state, event, T1);
                } catch (IllegalStateException e) {
                    assertTrue(event instanceof MachineEvent.Start || event instanceof MachineEvent.Launched
                            || event instanceof MachineEvent.LaunchFailed, "only our own events may be refused");
                    continue;
                }
                promises(state, event, next);
                state = next;
                visits[state.phase().ordinal()]++;
            }
        }
        for (Phase phase : Phase.values()) {
            assertTrue(visits[phase.ordinal()] > 100, phase + " was hardly visited: " + visits[phase.ordinal()]);
        }
    }

    private static void promises(MachineState before, MachineEvent event, MachineState after) {
        Phase phase = after.phase();
        assertTrue(phase.live() || after.qemu() == null && after.passt() == null, "no processes when all is over");
        assertTrue(phase != Phase.EXITED || after.exit() != null && after.reason().isEmpty());
        assertTrue(phase != Phase.FAILED || !after.reason().isEmpty(), "FAILED always says why");
        assertTrue(phase != Phase.CREATED || after.started() == null);
        assertTrue(phase == Phase.CREATED || after.started() != null);
        if (before.phase().live() && phase.live()) {
            assertTrue(phase.ordinal() >= before.phase().ordinal(), "a run never goes back");
            assertTrue(after.ready() || !before.ready(), "ready is for the whole run");
            assertTrue(before.exit() == null || before.exit().equals(after.exit()), "the first exit counts");
        }
        if (!before.phase().live() && after != before) {
            assertTrue(event instanceof MachineEvent.Start, "only a start wakes the dead");
        }
        assertNotNull(after.since());
    }
}
