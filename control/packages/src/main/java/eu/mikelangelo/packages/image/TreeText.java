package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.GuestText;
import eu.mikelangelo.packages.Tree;
import java.util.Map;

/**
 * A tree as text, one line a node: {@code f MODE UID GID SHA256 SIZE PATH}, {@code d MODE UID GID PATH},
 * {@code l UID GID TARGET PATH}; blanks in values escaped as in guest/PROTOCOL.md. Equal trees have equal texts, so a
 * digest of the text stands for the tree.
 */
final class TreeText {
    private TreeText() { }

    static String write(Tree tree) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Tree.Node> entry : tree.nodes().entrySet()) {
            Tree.Node node = entry.getValue();
            String owner = " " + Integer.toUnsignedString(node.uid()) + " " + Integer.toUnsignedString(node.gid())
                    + " ";
            String mode = Integer.toOctalString(node.mode() & 07777);
            switch (node) {
                case Tree.File file -> text.append("f ").append(mode).append(owner).append(file.sha256()).append(' ')
                        .append(file.size());
                case Tree.Folder folder -> text.append("d ").append(mode).append(owner.stripTrailing());
                case Tree.Link link -> text.append('l').append(owner).append(GuestText.escape(link.target()));
            }
            text.append(' ').append(GuestText.escape(entry.getKey())).append('\n');
        }
        return text.toString();
    }

    /** @throws IllegalArgumentException when the text was not written by {@link #write} */
    static Tree read(String text) {
        Tree tree = new Tree();
        for (String line : text.isEmpty() ? new String[0] : text.split("\n")) {
            String[] words = line.split(" ");
            String path = unescape(words[words.length - 1]);
            switch (words[0] + words.length) {
                case "f7" -> tree.put(path, new Tree.File(Integer.parseInt(words[1], 8), number(words[2]),
                        number(words[3]), words[4], Long.parseLong(words[5])));
                case "d5" -> tree.put(path, new Tree.Folder(Integer.parseInt(words[1], 8), number(words[2]),
                        number(words[3])));
                case "l5" -> tree.put(path, new Tree.Link(unescape(words[3]), number(words[1]), number(words[2])));
                default -> throw new IllegalArgumentException("not a line of a tree: " + line);
            }
        }
        return tree;
    }

    private static int number(String word) {
        return Integer.parseUnsignedInt(word);
    }

    private static String unescape(String value) {
        StringBuilder out = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\\' && i + 1 < value.length()) {
                c = switch (value.charAt(++i)) {
                    case 's' -> ' ';
                    case 'n' -> '\n';
                    case 't' -> '\t';
                    case '\\' -> '\\';
                    case 'e' -> '\0';
                    default -> throw new IllegalArgumentException("an unknown escape in " + value);
                };
            }
            if (c != '\0') {
                out.append(c);
            }
        }
        return out.toString();
    }
}
