/** What the control modules share: failures that speak to an operator, directories, durable files, progress. */
module eu.mikelangelo.base {
    exports eu.mikelangelo.base;
}
