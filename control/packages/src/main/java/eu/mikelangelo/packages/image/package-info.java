/**
 * Images: one file each, a valid initramfs with a manifest in front. Writing (cpio, zstd segments, composition),
 * reading and verifying, the store, and the run segment that makes one machine of an image. See "An image is one file"
 * in ARCHITECTURE.md.
 */
package eu.mikelangelo.packages.image;
