/** What a run has to itself and leaves nothing of: programs in groups, talks with them, a folder, huge pages, time. */
package eu.mikelangelo.bench.net.room;
