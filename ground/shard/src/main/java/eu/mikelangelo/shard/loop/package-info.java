/** What the loop of a shard is made of; nothing here knows shards. */
package eu.mikelangelo.shard.loop;
