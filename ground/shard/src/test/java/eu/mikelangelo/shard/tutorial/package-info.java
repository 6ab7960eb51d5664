/** The programs of the guide, ground/shard/README.md, as they stand there. */
package eu.mikelangelo.shard.tutorial;
