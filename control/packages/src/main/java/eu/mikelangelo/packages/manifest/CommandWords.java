package eu.mikelangelo.packages.manifest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A command as words: how a {@code bootcmd} is split when it is read, and how the words are completed from the
 * environment when a machine is made. No shell is involved.
 *
 * <p>Splitting knows blanks, {@code 'single'} quotes (everything literal), {@code "double"} quotes (variables live, \
 * escapes " \ $) and \ outside quotes. In the resulting words {@code $NAME} and {@code ${NAME}} wait for the
 * environment and {@code $$} is a dollar, as in {@link eu.mikelangelo.packages.Start} and in systemd's units.
 *
 * <p>Expanding follows systemd too: {@code $NAME} that is a word of its own becomes zero or more words, split at
 * blanks; anywhere else, and as {@code ${NAME}}, it stays inside its word; a name that is not set is empty.
 */
public final class CommandWords {
    private CommandWords() { }

    /** A quote that is never closed, or a \ at the end; {@code column} counts characters of the command from 0. */
    public static final class Unfinished extends Exception {
        private static final long serialVersionUID = 1L;
        private final int column;

        Unfinished(String message, int column) {
            super(message);
            this.column = column;
        }

        public int column() {
            return column;
        }
    }

    /** Splits a command line into words. */
    public static List<String> split(String command) throws Unfinished {
        return new Splitter(command).words();
    }

    /** The words with their variables replaced; the list may be empty. */
    public static List<String> expand(List<String> words, Map<String, String> env) {
        List<String> result = new ArrayList<>();
        for (String word : words) {
            if (word.length() > 1 && word.charAt(0) == '$' && nameEnd(word, 1) == word.length()) {
                for (String part : env.getOrDefault(word.substring(1), "").split("[ \t\n]+")) {
                    if (!part.isEmpty()) {
                        result.add(part);
                    }
                }
            } else {
                result.add(expand(word, env));
            }
        }
        return result;
    }

    /** One word with its variables replaced, still one word. */
    public static String expand(String word, Map<String, String> env) {
        StringBuilder out = new StringBuilder(word.length());
        int i = 0;
        while (i < word.length()) {
            char c = word.charAt(i);
            int end;
            if (c != '$' || i + 1 == word.length()) {
                out.append(c);
                i++;
            } else if (word.charAt(i + 1) == '$') {
                out.append('$');
                i += 2;
            } else if (word.charAt(i + 1) == '{' && (end = nameEnd(word, i + 2)) > i + 2
                    && end < word.length() && word.charAt(end) == '}') {
                out.append(env.getOrDefault(word.substring(i + 2, end), ""));
                i = end + 1;
            } else if ((end = nameEnd(word, i + 1)) > i + 1) {
                out.append(env.getOrDefault(word.substring(i + 1, end), ""));
                i = end;
            } else {
                out.append(c);
                i++;
            }
        }
        return out.toString();
    }

    /** Whether the text can be an environment variable's name in a command. */
    public static boolean isName(String text) {
        return !text.isEmpty() && nameEnd(text, 0) == text.length();
    }

    /** Where the name that begins at {@code from} ends; {@code from} when none does. */
    private static int nameEnd(String text, int from) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
            if (!letter && !(i > from && c >= '0' && c <= '9')) {
                break;
            }
            i++;
        }
        return i;
    }

    private static final class Splitter {
        private final String text;
        private final List<String> words = new ArrayList<>();
        private final StringBuilder word = new StringBuilder();
        private boolean inWord;
        private int at;

        Splitter(String text) {
            this.text = text;
        }

        List<String> words() throws Unfinished {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                    endWord();
                    at++;
                    continue;
                }
                inWord = true;
                switch (c) {
                    case '\'' -> single();
                    case '"' -> quoted();
                    case '\\' -> {
                        if (at + 1 == text.length()) {
                            throw new Unfinished("a \\ at the end escapes nothing", at);
                        }
                        literal(text.charAt(at + 1));
                        at += 2;
                    }
                    default -> {
                        word.append(c);
                        at++;
                    }
                }
            }
            endWord();
            return words;
        }

        private void single() throws Unfinished {
            int close = text.indexOf('\'', at + 1);
            if (close < 0) {
                throw new Unfinished("a ' that is never closed", at);
            }
            for (int i = at + 1; i < close; i++) {
                literal(text.charAt(i));
            }
            at = close + 1;
        }

        private void quoted() throws Unfinished {
            int open = at++;
            while (at < text.length() && text.charAt(at) != '"') {
                char c = text.charAt(at);
                int end;
                if (c == '\\' && at + 1 < text.length() && "\"\\$".indexOf(text.charAt(at + 1)) >= 0) {
                    literal(text.charAt(at + 1));
                    at += 2;
                } else if (c == '$' && (end = nameEnd(text, at + 1)) > at + 1) {
                    // With braces the value stays one word, which is what the quotes ask for.
                    word.append("${").append(text, at + 1, end).append('}');
                    at = end;
                } else {
                    word.append(c);
                    at++;
                }
            }
            if (at == text.length()) {
                throw new Unfinished("a \" that is never closed", open);
            }
            at++;
        }

        private void literal(char c) {
            word.append(c == '$' ? "$$" : String.valueOf(c));
        }

        private void endWord() {
            if (inWord) {
                words.add(word.toString());
                word.setLength(0);
                inWord = false;
            }
        }
    }
}
