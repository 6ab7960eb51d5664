/**
 * What a shard's loop is made of. Not exported. {@link eu.mikelangelo.shard.loop.LoopDevice} is what it sleeps in
 * (epoll, io_uring, or both), {@link eu.mikelangelo.shard.loop.Operations} what files are asked through.
 */
package eu.mikelangelo.shard.loop;
