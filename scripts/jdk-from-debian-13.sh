# A JDK 25 for Debian 12 out of Debian 13's packages, in a folder of its own. As root.
apt-get update && apt-get install -y --no-install-recommends debootstrap patchelf ca-certificates
root=/opt/jdk-25.debian; jdk=$root/usr/lib/jvm/java-25-openjdk-amd64
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$')
debootstrap --variant=minbase --include=openjdk-25-jdk-headless trixie $root "$mirror"
cp -n /usr/local/share/ca-certificates/*.crt $root/usr/local/share/ca-certificates/ 2> /dev/null; chroot $root update-ca-certificates
for program in $jdk/bin/* $jdk/lib/jspawnhelper; do patchelf --set-interpreter $root/lib64/ld-linux-x86-64.so.2 --force-rpath --set-rpath "$jdk/lib:$root/usr/lib/x86_64-linux-gnu" $program; done
for link in $(find $jdk/ -xtype l); do ln -sfn "$root$(readlink $link)" $link; done
ln -sfn $jdk /opt/jdk-25 && /opt/jdk-25/bin/java -version
