/**
 * What the author of an application writes: Capstan's {@code meta/package.yaml} and {@code meta/run.yaml},
 * {@code .capstanignore}, and the requirements between packages. Every mistake is told with file, line and column.
 */
package eu.mikelangelo.packages.manifest;
