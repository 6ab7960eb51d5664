package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.MachineSpec;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NamesTest {
    @Test
    void anyTextGivesAMachineName() {
        assertEquals("hello-world", Names.toMachine("Hello_World"));
        assertEquals("machine", Names.toMachine("***"));
        Random random = new Random(3);
        for (int i = 0; i < 1000; i++) {
            String text = random.ints(random.nextInt(80), 32, 300).collect(StringBuilder::new,
                    StringBuilder::appendCodePoint, StringBuilder::append).toString();
            String name = Names.toMachine(text);
            assertEquals(name, MachineSpec.checkName(name));
            assertEquals(name, Names.toMachine(name));
        }
    }

    @Test
    void variablesAreShellNames() {
        assertEquals("A_1", Names.variable("A_1"));
        assertThrows(Failure.class, () -> Names.variable("1A"));
        assertThrows(Failure.class, () -> Names.variable(""));
        assertThrows(Failure.class, () -> Names.variable("A-B"));
    }
}
