package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;

/** Fuzz target: a manifest is read, or refused with file, line and column. */
public final class ManifestFuzz {
    private ManifestFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        refusedProperly(() -> PackageManifest.of(YamlReader.read("fuzz.yaml", bytes)));
        refusedProperly(() -> RunManifest.of(YamlReader.read("fuzz.yaml", bytes)));
    }

    private static void refusedProperly(Runnable action) {
        try {
            action.run();
        } catch (Failure e) {
            if (!e.getMessage().matches("(?s)fuzz\\.yaml, line [1-9][0-9]*, column [1-9][0-9]*: .+")) {
                throw new AssertionError("a message without a place: " + e.getMessage(), e);
            }
        }
    }
}
