package eu.mikelangelo.packages.debian.unit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Reads a shell script without running it: the simple commands in the order of the text, with quotes removed and simple
 * variables filled in. Conditions are not evaluated (both branches are read), except {@code case} on a known word;
 * {@code for} over known words gives the body's commands once for each. What cannot be known holds {@link #UNKNOWN}.
 */
public final class Shell {
    /** Stands in a word for what only a run could tell. */
    public static final char UNKNOWN = '\0';
    /** Separates the values of a for-variable inside a word, until the command is spread. */
    private static final char EACH = '\1';
    /** A blank that came out of an unquoted variable: there the shell splits words. */
    private static final char SPLIT = '\4';
    private static final int MAX_COMMANDS = 20_000;
    private static final int MAX_SPREAD = 32;
    private static final int MAX_VALUE = 16_384;
    private static final Set<String> KEYWORDS = Set.of("if", "then", "elif", "else", "fi", "while", "until", "do",
            "done",
            "{", "}", "!", "time", "function");

    /** What was read. @param functions names that the script defines itself */
    public record Script(List<List<String>> commands, Map<String, String> variables, Set<String> functions) { }

    private final String text;
    private final Map<String, String> variables;
    private final List<List<String>> commands = new ArrayList<>();
    private final Set<String> functions = new HashSet<>();
    private final Deque<Case> cases = new ArrayDeque<>();
    private final List<String> hereDocuments = new ArrayList<>();
    private List<String> words = new ArrayList<>();
    private int at;
    private final int depth;
    private final UnaryOperator<String> sources;

    /** An open case: whether its present branch is read, and whether one matched before. */
    private static final class Case {
        private final String word;
        private boolean active;
        private boolean matched;

        Case(String word) {
            this.word = word;
        }
    }

    private Shell(String text, Map<String, String> variables, int depth, UnaryOperator<String> sources) {
        this.sources = sources;
        this.text = text;
        this.variables = variables;
        this.depth = depth;
    }

    /** @param known variables with known values; "1" is the script's first argument */
    public static Script read(String text, Map<String, String> known) {
        return read(text, known, path -> null);
    }

    /** @param sources gives the text of a file that the script reads with ".", or null */
    public static Script read(String text, Map<String, String> known, UnaryOperator<String> sources) {
        Shell shell = new Shell(text.replace("\\\n", " "), new HashMap<>(known), 0, sources);
        shell.script();
        return new Script(shell.commands, shell.variables, shell.functions);
    }

    /** The words of one line, expanded; for environment files and init scripts' argument strings. */
    public static List<String> words(String line, Map<String, String> known) {
        Shell shell = new Shell(line, new HashMap<>(known), 0, path -> null);
        List<String> words = new ArrayList<>();
        while (shell.at < line.length()) {
            if (Character.isWhitespace(line.charAt(shell.at))) {
                shell.at++;
            } else {
                int before = shell.at;
                words.addAll(split(shell.word()));
                if (shell.at == before) {
                    shell.at++;
                }
            }
        }
        return words;
    }

    private void script() {
        while (at < text.length() && commands.size() < MAX_COMMANDS) {
            char c = text.charAt(at);
            if (c == '\n') {
                at++;
                end();
                skipHereDocuments();
            } else if (c == ' ' || c == '\t' || c == '\r') {
                at++;
            } else if (c == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == ';' && text.startsWith(";;", at)) {
                at += 2;
                end();
                branch();
            } else if (c == ';' || c == '|' || c == '&' || c == ')') {
                at++;
                end();
            } else if (c == '(') {
                parenthesis();
            } else if (c == '<' || c == '>') {
                redirect();
            } else {
                oneWord();
            }
        }
        end();
    }

    private void parenthesis() {
        if (words.size() == 1 && text.startsWith("()", at)) {
            functions.add(words.getFirst());
            words = new ArrayList<>();
            at += 2;
        } else {
            at++;
            end();
        }
    }

    private void oneWord() {
        int before = at;
        String word = word();
        if (at == before) {
            at++;
            return;
        }
        boolean digits = word.matches("[0-9]") && at < text.length() && "<>".indexOf(text.charAt(at)) >= 0;
        if (digits) {
            return;
        }
        if (!words.isEmpty() || !KEYWORDS.contains(word)) {
            words.add(word);
        }
        if (words.size() == 3 && words.getFirst().equals("case") && word.equals("in")) {
            cases.push(new Case(words.get(1).replace(SPLIT, ' ')));
            words = new ArrayList<>();
            branch();
        } else if (words.size() == 1 && word.equals("esac")) {
            words = new ArrayList<>();
            cases.poll();
        }
    }

    /** Stands behind {@code in} or {@code ;;}: reads the patterns of the next branch, or leaves {@code esac} alone. */
    private void branch() {
        Case open = cases.peek();
        if (open == null) {
            return;
        }
        blanks();
        if (text.startsWith("esac", at)) {
            return;
        }
        if (at < text.length() && text.charAt(at) == '(') {
            at++;
        }
        boolean matches = false;
        while (at < text.length() && text.charAt(at) != ')') {
            int before = at;
            String pattern = word();
            matches |= open.word.indexOf(UNKNOWN) >= 0 || glob(pattern, open.word);
            blanks();
            if (at < text.length() && text.charAt(at) == '|') {
                at++;
                blanks();
            } else if (at == before) {
                at++;
            }
        }
        at++;
        boolean unknown = open.word.indexOf(UNKNOWN) >= 0;
        open.active = matches && (unknown || !open.matched);
        open.matched |= matches;
    }

    private void blanks() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else {
                return;
            }
        }
    }

    static boolean glob(String pattern, String word) {
        StringBuilder regex = new StringBuilder();
        for (char c : pattern.toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : java.util.regex.Pattern.quote(String.valueOf(c)));
        }
        return word.matches(regex.toString());
    }

    private void redirect() {
        boolean here = text.startsWith("<<", at) && !text.startsWith("<<<", at);
        while (at < text.length() && "<>&-|".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
        String target = word();
        if (here && !target.isEmpty()) {
            hereDocuments.add(target);
        }
    }

    private void skipHereDocuments() {
        for (String mark : hereDocuments) {
            while (at < text.length()) {
                int end = text.indexOf('\n', at);
                end = end < 0 ? text.length() : end;
                String line = text.substring(at, end).strip();
                at = Math.min(end + 1, text.length());
                if (line.equals(mark)) {
                    break;
                }
            }
        }
        hereDocuments.clear();
    }

    /** The end of a simple command. */
    private void end() {
        List<String> command = words;
        words = new ArrayList<>();
        int start = 0;
        boolean active = cases.stream().allMatch(open -> open.active);
        while (start < command.size() && command.get(start).matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*")) {
            String word = command.get(start++);
            int equals = word.indexOf('=');
            if (active && start == command.size()) {
                set(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        command = command.subList(start, command.size()).stream().flatMap(word -> split(word).stream()).toList();
        if (command.isEmpty() || !active) {
            return;
        }
        if (command.getFirst().equals("for") && command.size() > 3 && command.get(2).equals("in")) {
            set(command.get(1), String.join(String.valueOf(EACH), command.subList(3, command.size())));
            return;
        }
        if (command.getFirst().matches("export|readonly|local|declare|typeset")) {
            for (String word : command.subList(1, command.size())) {
                int equals = word.indexOf('=');
                if (equals > 0) {
                    set(word.substring(0, equals), word.substring(equals + 1));
                }
            }
        }
        if (command.size() > 1 && command.getFirst().matches("\\.|source") && depth < 4) {
            String sourced = sources.apply(command.get(1));
            if (sourced != null) {
                Shell shell = new Shell(sourced.replace("\\\n", " "), variables, depth + 1, sources);
                shell.script();
                commands.addAll(shell.commands);
                functions.addAll(shell.functions);
            }
        }
        spread(command);
    }

    private void set(String name, String value) {
        variables.put(name, value.length() > MAX_VALUE ? String.valueOf(UNKNOWN) : value.replace(SPLIT, ' '));
    }

    private static List<String> split(String word) {
        if (word.indexOf(SPLIT) < 0) {
            return List.of(word);
        }
        List<String> parts = new ArrayList<>();
        for (String part : word.split(String.valueOf(SPLIT))) {
            if (!part.isEmpty()) {
                parts.add(part);
            }
        }
        return parts;
    }

    private void spread(List<String> command) {
        int most = 1;
        for (String word : command) {
            most = Math.max(most, (int) word.chars().filter(c -> c == EACH).count() + 1);
        }
        for (int i = 0; i < Math.min(most, MAX_SPREAD); i++) {
            List<String> one = new ArrayList<>();
            for (String word : command) {
                one.add(pick(word, i));
            }
            commands.add(one);
        }
    }

    /** The i-th of the values inside a word: text around them belongs to each. */
    private static String pick(String word, int i) {
        int first = word.indexOf(EACH);
        if (first < 0) {
            return word;
        }
        // Values are written as START value EACH value … END by expand(), so that the text around them is known.
        String[] parts = word.split(String.valueOf(EACH), -1);
        String prefix = parts[0].substring(0, Math.max(0, parts[0].lastIndexOf('\2')));
        String last = parts[parts.length - 1];
        int end = last.indexOf('\3');
        String suffix = end < 0 ? "" : last.substring(end + 1);
        String value = parts[Math.min(i, parts.length - 1)].replaceAll("(?s).*\2|\3.*", "");
        return prefix + value + suffix.replaceAll("[\2\3]", "");
    }

    private String word() {
        StringBuilder word = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (" \t\r\n;|&()<>".indexOf(c) >= 0) {
                break;
            }
            at++;
            if (c == '\'') {
                int end = text.indexOf('\'', at);
                end = end < 0 ? text.length() : end;
                word.append(text, at, end);
                at = Math.min(end + 1, text.length());
            } else if (c == '"') {
                quoted(word);
            } else if (c == '\\' && at < text.length()) {
                word.append(text.charAt(at++));
            } else if (c == '$') {
                StringBuilder value = new StringBuilder();
                expand(value);
                word.append(value.toString().replace(' ', SPLIT).replace('\n', SPLIT));
            } else if (c == '`') {
                int end = text.indexOf('`', at);
                end = end < 0 ? text.length() : end;
                nested(text.substring(at, end));
                at = Math.min(end + 1, text.length());
                word.append(UNKNOWN);
            } else {
                word.append(c);
            }
        }
        return word.toString();
    }

    private void quoted(StringBuilder word) {
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return;
            }
            if (c == '\\' && at < text.length() && "\"\\$`".indexOf(text.charAt(at)) >= 0) {
                word.append(text.charAt(at++));
            } else if (c == '$') {
                expand(word);
            } else if (c == '`') {
                int end = text.indexOf('`', at);
                at = end < 0 ? text.length() : end + 1;
                word.append(UNKNOWN);
            } else {
                word.append(c);
            }
        }
    }

    /** Stands behind a dollar sign. */
    private void expand(StringBuilder word) {
        if (at >= text.length()) {
            word.append('$');
        } else if (text.charAt(at) == '(') {
            int end = closing(at, '(', ')');
            nested(text.substring(at + 1, end));
            at = Math.min(end + 1, text.length());
            word.append(UNKNOWN);
        } else if (text.charAt(at) == '{') {
            int end = closing(at, '{', '}');
            parameter(text.substring(at + 1, end), word);
            at = Math.min(end + 1, text.length());
        } else {
            int end = at;
            while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
                end++;
                if (Character.isDigit(text.charAt(at))) {
                    break;
                }
            }
            if (end == at) {
                at++;
                word.append(UNKNOWN);
            } else {
                value(text.substring(at, end), word);
                at = end;
            }
        }
    }

    private void parameter(String inside, StringBuilder word) {
        int end = 0;
        while (end < inside.length() && (Character.isLetterOrDigit(inside.charAt(end)) || inside.charAt(end) == '_')) {
            end++;
        }
        String name = inside.substring(0, end);
        String rest = inside.substring(end);
        if (rest.isEmpty()) {
            value(name, word);
        } else if (rest.matches("(?s):?[-=].*")) {
            String present = variables.get(name);
            if (present == null || present.isEmpty()) {
                String otherwise = String.join(" ", words(rest.replaceFirst("^:?[-=]", ""), variables));
                if (rest.contains("=")) {
                    set(name, otherwise);
                }
                word.append(otherwise);
            } else {
                value(name, word);
            }
        } else if (rest.matches("(?s):?\\+.*")) {
            String present = variables.get(name);
            word.append(present == null || present.isEmpty() ? ""
                    : String.join(" ", words(rest.replaceFirst("^:?\\+", ""), variables)));
        } else {
            word.append(UNKNOWN);
        }
    }

    private void value(String name, StringBuilder word) {
        String value = variables.get(name);
        if (value == null) {
            word.append(UNKNOWN);
        } else if (value.indexOf(EACH) >= 0) {
            word.append('\2').append(value.replaceAll("[\2\3]", "")).append('\3');
        } else {
            word.append(value);
        }
    }

    private int closing(int open, char opening, char closing) {
        int level = 0;
        for (int i = open; i < text.length(); i++) {
            char c = text.charAt(i);
            level += c == opening ? 1 : c == closing ? -1 : 0;
            if (level == 0) {
                return i;
            }
        }
        return text.length();
    }

    private void nested(String inside) {
        if (depth < 4) {
            Shell shell = new Shell(inside, new HashMap<>(variables), depth + 1, sources);
            shell.script();
            commands.addAll(shell.commands);
        }
    }
}
