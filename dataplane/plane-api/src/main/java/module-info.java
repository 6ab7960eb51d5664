/** The typed control protocol between agent and plane: records and their encoding, nothing else. */
module eu.mikelangelo.plane.api {
    exports eu.mikelangelo.plane.api;
}
