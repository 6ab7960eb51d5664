package eu.mikelangelo.vhost;

/** The requests of a front-end that this back-end understands. What it does not offer it refuses: the session ends. */
public enum RequestType {
    GET_FEATURES(1, Payload.NONE),
    SET_FEATURES(2, Payload.U64),
    SET_OWNER(3, Payload.NONE),
    RESET_OWNER(4, Payload.NONE),
    SET_MEM_TABLE(5, Payload.TABLE),
    SET_VRING_NUM(8, Payload.STATE),
    SET_VRING_ADDR(9, Payload.ADDRESS),
    SET_VRING_BASE(10, Payload.STATE),
    GET_VRING_BASE(11, Payload.STATE),
    SET_VRING_KICK(12, Payload.VRING_FD),
    SET_VRING_CALL(13, Payload.VRING_FD),
    SET_VRING_ERR(14, Payload.VRING_FD),
    GET_PROTOCOL_FEATURES(15, Payload.NONE),
    SET_PROTOCOL_FEATURES(16, Payload.U64),
    GET_QUEUE_NUM(17, Payload.NONE),
    SET_VRING_ENABLE(18, Payload.STATE);

    /** The shapes of a payload. */
    enum Payload { NONE, U64, STATE, ADDRESS, TABLE, VRING_FD }

    private static final RequestType[] BY_NUMBER = new RequestType[19];

    static {
        for (RequestType type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final Payload payload;

    RequestType(int number, Payload payload) {
        this.number = number;
        this.payload = payload;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    Payload payload() {
        return payload;
    }

    boolean takesDescriptors() {
        return payload == Payload.TABLE || payload == Payload.VRING_FD;
    }

    /** True when the request has an answer of its own, whatever NEED_REPLY says. */
    boolean answers() {
        return switch (this) {
            case GET_FEATURES, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, GET_VRING_BASE -> true;
            default -> false;
        };
    }

    /** The type with this number on the wire, or null. */
    static RequestType of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
