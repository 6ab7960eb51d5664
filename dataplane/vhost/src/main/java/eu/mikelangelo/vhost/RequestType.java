package eu.mikelangelo.vhost;

/**
 * The requests of a front-end that this back-end understands, with the protocol feature that a front-end must have
 * accepted first. All others become {@link Request.Unserved}.
 */
public enum RequestType {
    GET_FEATURES(1, Payload.NONE, 0),
    SET_FEATURES(2, Payload.U64, 0),
    SET_OWNER(3, Payload.NONE, 0),
    RESET_OWNER(4, Payload.NONE, 0),
    SET_MEM_TABLE(5, Payload.TABLE, 0),
    SET_VRING_NUM(8, Payload.STATE, 0),
    SET_VRING_ADDR(9, Payload.ADDRESS, 0),
    SET_VRING_BASE(10, Payload.STATE, 0),
    GET_VRING_BASE(11, Payload.STATE, 0),
    SET_VRING_KICK(12, Payload.VRING_FD, 0),
    SET_VRING_CALL(13, Payload.VRING_FD, 0),
    SET_VRING_ERR(14, Payload.VRING_FD, 0),
    GET_PROTOCOL_FEATURES(15, Payload.NONE, 0),
    SET_PROTOCOL_FEATURES(16, Payload.U64, 0),
    GET_QUEUE_NUM(17, Payload.NONE, 0),
    SET_VRING_ENABLE(18, Payload.STATE, 0),
    SEND_RARP(19, Payload.U64, BackEndConfig.RARP),
    NET_SET_MTU(20, Payload.U64, BackEndConfig.MTU),
    GET_INFLIGHT_FD(31, Payload.INFLIGHT, BackEndConfig.INFLIGHT_SHMFD),
    SET_INFLIGHT_FD(32, Payload.INFLIGHT, BackEndConfig.INFLIGHT_SHMFD),
    RESET_DEVICE(34, Payload.NONE, BackEndConfig.RESET_DEVICE),
    GET_MAX_MEM_SLOTS(36, Payload.NONE, BackEndConfig.CONFIGURE_MEM_SLOTS),
    ADD_MEM_REG(37, Payload.REGION, BackEndConfig.CONFIGURE_MEM_SLOTS),
    REM_MEM_REG(38, Payload.REGION, BackEndConfig.CONFIGURE_MEM_SLOTS),
    SET_STATUS(39, Payload.U64, BackEndConfig.STATUS),
    GET_STATUS(40, Payload.NONE, BackEndConfig.STATUS);

    /** The shapes of a payload. */
    enum Payload { NONE, U64, STATE, ADDRESS, TABLE, REGION, VRING_FD, INFLIGHT }

    private static final RequestType[] BY_NUMBER = new RequestType[41];

    static {
        for (RequestType type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final Payload payload;
    private final long protocolFeature;

    RequestType(int number, Payload payload, long protocolFeature) {
        this.number = number;
        this.payload = payload;
        this.protocolFeature = protocolFeature;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    Payload payload() {
        return payload;
    }

    /** The bit that must have been negotiated, 0 when none. */
    long protocolFeature() {
        return protocolFeature;
    }

    /** The most descriptors that may come with it. */
    int mostDescriptors() {
        return switch (this) {
            case SET_MEM_TABLE -> MessageLayout.MAX_REGIONS;
            // REM_MEM_REG: none, but "for compatibility with existing incorrect implementations" one.
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR, SET_INFLIGHT_FD, ADD_MEM_REG, REM_MEM_REG -> 1;
            default -> 0;
        };
    }

    /** True when the request has an answer of its own, whatever NEED_REPLY says. */
    public boolean answers() {
        return switch (this) {
            case GET_FEATURES, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, GET_VRING_BASE, GET_INFLIGHT_FD,
                    GET_MAX_MEM_SLOTS, GET_STATUS -> true;
            default -> false;
        };
    }

    /** The type with this number on the wire, or null. */
    static RequestType of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
