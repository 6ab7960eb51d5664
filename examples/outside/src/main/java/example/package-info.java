/** Somebody else's program on the shard engine. */
package example;
