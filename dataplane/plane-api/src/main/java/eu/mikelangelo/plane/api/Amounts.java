package eu.mikelangelo.plane.api;

import java.math.BigDecimal;

/** Amounts as people type them: {@code 10M}, {@code 2.5G}, {@code 800}. Units are powers of a base, 1000 or 1024. */
final class Amounts {
    private static final String UNITS = "kMGT";
    private static final int MOST_DIGITS = 20;

    private Amounts() {}

    /** @return the amount, at least 1; 0 when the text is none */
    static long parse(String text, int base) {
        int end = text.length();
        int unit = end == 0 ? -1 : UNITS.toLowerCase(java.util.Locale.ROOT)
                .indexOf(Character.toLowerCase(text.charAt(end - 1)));
        String number = unit < 0 ? text : text.substring(0, end - 1);
        if (!number.matches("[0-9]{1,19}([.][0-9]{1,9})?") || number.length() > MOST_DIGITS) {
            return 0;
        }
        try {
            BigDecimal value = new BigDecimal(number).multiply(BigDecimal.valueOf(base).pow(unit + 1));
            return Math.max(0, value.longValueExact());
        } catch (ArithmeticException tooLargeOrNotWhole) {
            return 0;
        }
    }

    /** @return what {@link #parse} reads as the same, in the largest unit that keeps it whole */
    static String text(long amount, int base) {
        long value = amount;
        int unit = 0;
        while (value != 0 && value % base == 0 && unit < UNITS.length()) {
            value /= base;
            unit++;
        }
        return unit == 0 ? Long.toString(value) : Long.toString(value) + UNITS.charAt(unit - 1);
    }
}
