package eu.mikelangelo.packages.manifest;

import java.util.ArrayList;
import java.util.List;

/**
 * One pattern of {@code .capstanignore}. Matching takes time proportional to pattern times path whatever the pattern
 * is; a regular expression of many stars would not end.
 */
final class Glob {
    /** Any run of characters but /. */
    private static final char STAR = 0;
    /** / and, perhaps, folders of any depth with their /. */
    private static final char DEEP = 1;
    /** / and at least one character, to the end. */
    private static final char BENEATH = 2;
    private final List<Character> tokens = new ArrayList<>();
    private final String prefix;

    Glob(String rule) {
        int literal = rule.indexOf('*');
        prefix = literal < 0 ? rule : rule.substring(0, Math.max(0, literal - 1));
        int i = 0;
        while (i < rule.length()) {
            if (rule.startsWith("/**/", i)) {
                tokens.add(DEEP);
                i += 4;
            } else if (rule.startsWith("/*", i) && i + 2 == rule.length()) {
                tokens.add(BENEATH);
                i += 2;
            } else {
                char c = rule.charAt(i++);
                tokens.add(c == '*' ? STAR : c);
            }
        }
    }

    /** {@code match[p]}: whether the tokens seen so far, from the last backwards, match the path from p on. */
    boolean matches(String path) {
        if (!path.startsWith(prefix)) {
            return false;
        }
        int length = path.length();
        boolean[] match = new boolean[length + 2];
        match[length] = true;
        for (int t = tokens.size() - 1; t >= 0; t--) {
            match = step(tokens.get(t), path, match);
        }
        return match[0];
    }

    private static boolean[] step(char token, String path, boolean[] next) {
        int length = path.length();
        boolean[] match = new boolean[length + 2];
        boolean deeper = false;
        for (int p = length; p >= 0; p--) {
            char c = p < length ? path.charAt(p) : STAR;
            boolean slash = c == '/';
            deeper |= slash && next[p + 1];
            match[p] = switch (token) {
                case STAR -> next[p] || p < length && !slash && match[p + 1];
                case DEEP -> slash && deeper;
                case BENEATH -> slash && p + 1 < length;
                default -> p < length && c == token && next[p + 1];
            };
        }
        return match;
    }
}
