/** Manifests, resolution, importers, composition, images, kernels, the content-addressed store. */
module eu.mikelangelo.packages {
    requires transitive eu.mikelangelo.base;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.yaml;
    requires org.snakeyaml.engine; // the places of its errors
    requires org.apache.commons.compress;
    requires com.github.luben.zstd_jni;
    requires org.tukaani.xz;
    requires org.bouncycastle.pg;
    requires org.bouncycastle.provider;
    requires java.net.http;
    exports eu.mikelangelo.packages;
    exports eu.mikelangelo.packages.image;
    exports eu.mikelangelo.packages.kernel;
    exports eu.mikelangelo.packages.manifest;
    opens eu.mikelangelo.packages to tools.jackson.databind;
    opens eu.mikelangelo.packages.image to tools.jackson.databind;
    opens eu.mikelangelo.packages.kernel to tools.jackson.databind;
    exports eu.mikelangelo.packages.debian;
    exports eu.mikelangelo.packages.debian.apt;
    exports eu.mikelangelo.packages.debian.deb;
}
