package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DebVersionTest {
    /** Ascending, each step an example of deb-version(7) or of what archives really hold. */
    private static final List<String> ASCENDING = List.of("~~", "~~a", "~", "0~rc1", "0", "0+b1", "1.0~",
            "1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-0.1", "1.0-1~bpo12+1", "1.0-1", "1.0-1+b1", "1.0-1+deb12u1",
            "1.0-1.1", "1.0-2",
            "1.0-10", "1.0a", "1.0ab", "1.0b", "1.0+dfsg-1", "1.0.", "1.0.1", "1.1", "1.2.3", "1.2.20", "1.10", "2",
            "10",
            "1:0.1", "1:1", "2:0~", "2:0", "10:0");

    @Test
    void ordersAsPolicySays() {
        for (int i = 0; i < ASCENDING.size(); i++) {
            for (int j = 0; j < ASCENDING.size(); j++) {
                assertEquals(Integer.signum(Integer.compare(i, j)),
                        Integer.signum(DebVersion.compare(ASCENDING.get(i), ASCENDING.get(j))),
                        ASCENDING.get(i) + " ? " + ASCENDING.get(j));
            }
        }
    }

    @Test
    void equalThoughWrittenDifferently() {
        for (String[] pair : new String[][] {{"0:1.0", "1.0"}, {"1.00", "1.0"}, {"1.0-0", "1.0"}, {"1.0-", "1.0"},
            {"01.2", "1.02"}, {"1.0-01", "1.0-1"}}) {
            assertEquals(0, DebVersion.compare(pair[0], pair[1]), pair[0] + " = " + pair[1]);
        }
    }

    @Test
    void revisionsBeginAtTheLastDash() {
        assertTrue(DebVersion.compare("1.0-rc1-1", "1.0-rc1-2") < 0);
        assertTrue(DebVersion.compare("1.0-rc2-1", "1.0-rc1-2") > 0);
    }

    @Test
    void isATotalOrderOnRandomVersions() {
        Random random = new Random(20_26);
        String alphabet = "0129~+.-abz:";
        List<String> versions = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(8); n >= 0; n--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length() - (n % 7 == 0 ? 0 : 1))));
            }
            versions.add(text.toString().replaceFirst("^[^0-9]*:", "1:"));
        }
        for (String a : versions) {
            assertEquals(0, DebVersion.compare(a, a), a);
            for (String b : versions) {
                assertEquals(Integer.signum(DebVersion.compare(a, b)), -Integer.signum(DebVersion.compare(b, a)), a
                        + " " + b);
            }
        }
        // A relation that is not transitive makes sorts of the same set differ, or throw.
        List<String> once = new ArrayList<>(versions);
        once.sort(DebVersion::compare);
        Collections.shuffle(versions, random);
        versions.sort(DebVersion::compare);
        for (int i = 0; i < once.size(); i++) {
            assertEquals(0, DebVersion.compare(once.get(i), versions.get(i)));
        }
    }

    @Test
    void relations() {
        assertTrue(DebVersion.satisfies("1.5-1", ">=", "1.5"));
        assertTrue(DebVersion.satisfies("1.5~rc1", "<<", "1.5"));
        assertTrue(DebVersion.satisfies("1.5-1", "=", "1.5-1"));
        assertTrue(DebVersion.satisfies("anything", "", ""));
        assertFalse(DebVersion.satisfies("1.5-1", "=", "1.5"));
        assertFalse(DebVersion.satisfies("1.5", ">>", "1.5"));
        assertFalse(DebVersion.satisfies("1.5", "~", "1.5"));
    }

    @Test
    void dependenciesAreParsed() {
        assertEquals(List.of(List.of(new Dependency("libc6", ">=", "2.34")), List.of(new Dependency("perl", "", "")),
                List.of(new Dependency("a", "", ""), new Dependency("b", "<<", "2"))),
                Dependency.parse("libc6 (>= 2.34), perl:any, a | b (<< 2)", "amd64"));
        assertEquals(List.of(List.of(new Dependency("x", "", ""))),
                Dependency.parse("x [amd64 i386], y [arm64], z [!amd64], w (bad", "amd64"));
        assertEquals(List.of(), Dependency.parse("", "amd64"));
    }
}
