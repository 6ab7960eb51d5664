package eu.mikelangelo.packages.debian.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class UnitFileTest {
    @Test
    void sectionsContinuationsDropInsAndResets() {
        UnitFile unit = new UnitFile("demo@one.service").add("""
                # comment
                [Unit]
                Requires=a.socket b.service
                [Service]
                ExecStart=/usr/bin/demo --one \\
                  # a comment between
                  --two
                Environment="A=1 2" B=3
                ; another
                """).add("[Service]\nExecStart=\nExecStart=/usr/bin/other\nEnvironment=C=4\n");
        assertEquals(List.of("/usr/bin/other"), unit.all("Service.ExecStart"));
        assertEquals(List.of("a.socket", "b.service"), unit.words("Unit.Requires"));
        assertEquals(List.of("A=1 2", "B=3", "C=4"), unit.words("Service.Environment"));
        assertEquals("none", unit.last("Service.User", "none"));
    }

    @Test
    void specifiers() {
        UnitFile unit = new UnitFile("demo@one.service");
        assertEquals("demo@one.service demo@one demo one /run /var/lib /var/log /var/cache /etc /home u % %z",
                unit.specifiers("%n %N %p %i %t %S %L %C %E %h %u %% %z", "u", "/home"));
    }

    @Test
    void quotesAndEscapes() {
        assertEquals(List.of("a b", "c'd", "e\tf", "g h", "", "i\\q"),
                UnitFile.split("'a b' \"c'd\" e\\tf g\\x20h \"\" i\\q"));
    }
}
