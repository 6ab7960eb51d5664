# A JDK 25 for Debian 12 out of Debian 13's packages, in a folder of its own: /opt/jdk-25.debian, with the libraries
# it was built for, and a link /opt/jdk-25. Nothing else of the system changes but three tools it is made with. Run it as root:
# sh scripts/jdk-from-debian-13.sh
set -eu
root=/opt/jdk-25.debian; jdk=$root/usr/lib/jvm/java-25-openjdk-amd64
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 77; }
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "$0: only for amd64" >&2; exit 69; }

# apt hands its standard input on to dpkg: what else was pasted into the terminal must not vanish there.
export DEBIAN_FRONTEND=noninteractive
apt-get update < /dev/null
apt-get install -y --no-install-recommends debootstrap patchelf ca-certificates < /dev/null
# The host's own mirror; without one of the usual name, debootstrap's default.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$' || true)
rm -rf $root
debootstrap --variant=minbase --include=openjdk-25-jdk-headless trixie $root ${mirror:+"$mirror"} < /dev/null
rm -rf $root/var/cache/apt/archives $root/var/lib/apt/lists

# Its programs start with its own libraries, wherever they are called from.
for program in $jdk/bin/* $jdk/lib/jspawnhelper; do
  patchelf --set-interpreter $root/lib64/ld-linux-x86-64.so.2 --force-rpath \
    --set-rpath "$jdk/lib:$root/usr/lib/x86_64-linux-gnu" "$program"
done
find $jdk/ -xtype l | while read -r link; do ln -sfn "$root$(readlink "$link")" "$link"; done
# Authorities that this host trusts beyond Debian's own (a company's proxy): a build must reach Maven Central through it.
for own in /usr/local/share/ca-certificates/*.crt; do
  [ ! -f "$own" ] || $jdk/bin/keytool -importcert -noprompt -keystore $root/etc/ssl/certs/java/cacerts -storepass changeit \
    -alias "host:$(basename "$own" .crt)" -file "$own" || echo "$0: left out $own" >&2
done
ln -sfn $jdk /opt/jdk-25
/opt/jdk-25/bin/java -version
