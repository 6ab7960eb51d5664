/**
 * The driver's side of virtqueues, as a guest's kernel plays it: for tests, fuzzing, the simulator and load clients.
 *
 * <p>{@link eu.mikelangelo.virtio.driver.Driver} posts buffers and takes used ones back, over a split or a packed queue
 * that lies in guest memory where a {@link eu.mikelangelo.virtio.driver.DriverLayout} says. It can also be made to lie:
 * its raw writes break what rules one likes, and it takes whatever the device answers without throwing.
 */
package eu.mikelangelo.virtio.driver;
