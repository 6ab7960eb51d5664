package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Deb;
import eu.mikelangelo.packages.PackageSource;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.DebianImporter;
import java.util.List;

/** The Debian importer as composition sees it. */
public final class DebianSource implements PackageSource {
    private final DebianImporter importer;

    public DebianSource(DebianImporter importer) {
        this.importer = importer;
    }

    @Override
    public boolean exists(String name) {
        return importer.exists(name);
    }

    @Override
    public String fingerprint(String name) {
        return importer.fingerprint(name);
    }

    @Override
    public String fingerprint(String name, Progress progress) {
        return importer.fingerprint(name, progress);
    }

    @Override
    public Bundle importPackage(String name, boolean refresh, Progress progress) {
        return importer.importPackage(name, refresh, progress);
    }

    @Override
    public Tree importTree(List<String> names, Progress progress) {
        return importer.importTree(names, progress);
    }

    @Override
    public Deb fetch(String packageName, Progress progress) {
        eu.mikelangelo.packages.debian.Deb deb = importer.fetch(packageName, progress);
        return new Deb(deb.name(), deb.version(), deb.sha256(), deb.file());
    }
}
