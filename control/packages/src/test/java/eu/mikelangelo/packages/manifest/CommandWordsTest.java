package eu.mikelangelo.packages.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CommandWordsTest {
    private static final Map<String, String> ENV = Map.of("A", "one", "B", "two  three", "EMPTY", "", "P", "$A");

    private static List<String> run(String command) throws CommandWords.Unfinished {
        return CommandWords.expand(CommandWords.split(command), ENV);
    }

    @Test
    void splitsAsAPersonExpects() throws CommandWords.Unfinished {
        assertEquals(List.of("/srv/app", "a b", "c\"d", "e\\f", "", "g'h"),
                run("/srv/app  'a b'\t\"c\\\"d\" \"e\\f\" ''\n\"g'h\""));
        assertEquals(List.of("ab cd", "e f"), run("a'b c'd e\\ f"));
        assertEquals(List.of(), run(" \t\n "));
    }

    @Test
    void variablesWaitForTheEnvironment() throws CommandWords.Unfinished {
        assertEquals(List.of("/a", "$A", "${B}x", "$$A", "$$B"), CommandWords.split("/a $A ${B}x '$A' \\$B"));
        assertEquals(List.of("${A}"), CommandWords.split("\"$A\""));
        assertEquals(List.of("one", "xone-two  three", "$A"), run("$A x$A-${B} '$A'"));
        assertEquals(List.of("two", "three", "two  three"), run("$B \"$B\""), "split, unless quoted");
        assertEquals(List.of("", "x"), run("${EMPTY} $EMPTY $UNSET x"));
        assertEquals(List.of("$A"), run("$P"), "a value is not expanded again");
        assertEquals(List.of("${A:-b}", "$", "$1", "${", "${A"), run("${A:-b} $ $1 ${ ${A"));
    }

    @Test
    void whatIsNeverClosedIsTold() {
        assertEquals(3, assertThrows(CommandWords.Unfinished.class, () -> CommandWords.split("ab 'c")).column());
        assertEquals(0, assertThrows(CommandWords.Unfinished.class, () -> CommandWords.split("\"c")).column());
        assertEquals(1, assertThrows(CommandWords.Unfinished.class, () -> CommandWords.split("c\\")).column());
    }
}
