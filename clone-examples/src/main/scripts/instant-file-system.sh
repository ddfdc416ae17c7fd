#!/usr/bin/env bash
# A file system on an instant clone, from mount to proof.
#
# An image with an ext4 file system is cloned by "clone.jar serve", which copies nothing at first. A FUSE client of
# NBD presents the export as a file, and that is mounted. fstrim gives back the space that no file uses, so it will
# never be copied. Then hydration is switched on, and meanwhile the file system is worked on: a tar is unpacked, a program
# is compiled and run, an SQLite database commits. At the end the copy stands alone: it is checked and compared without
# any of this software.
#
# Everything runs in a mount and process namespace of its own. So whatever happens, even to this script, the kernel
# takes every mount, loop device and process of it away.
set -euo pipefail

usage() {
  cat <<END
Usage: instant-file-system.sh [--kill] [--image IMAGE | --size SIZE] [--directory DIR]
                              [--region-size BYTES] [--through PROGRAM]
       instant-file-system.sh --prove DIR

  --kill               kill -9 the server in the middle, and go on with another one.
  --image IMAGE        Clone this file or block device with an ext4 file system; it is only read. The clone needs
                       some 20 MiB of free space. Default: an image with files of the Java installation.
  --size SIZE          Size of the image that is made, as of truncate(1). Default: 256M.
  --directory DIR      Keep copy, metadata and checksums in DIR, which must be empty. Default: nothing is kept.
  --region-size BYTES  Unit of copying. Default: 4K, the block of the file system, so that every free block counts.
  --through PROGRAM    What presents the export as a file: nbdfuse (default) or qemu-storage-daemon.
  --prove DIR          Check only, once more, the copy that --directory kept in DIR.

Must be run as root. CLONE_CLASSPATH is the class path of the command line; default: target/clone.jar of this module.
END
}

say() { printf '%s\n' "$*"; }
fail() {
  [ ! -s presenter.log ] || sed 's/^/  /' presenter.log >&2
  printf 'instant-file-system: %s\n' "$*" >&2
  exit 1
}

# ---- the clone, seen from outside

# What ends at once need not be compiled well.
clone() { "$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$classpath" io.clonedevice.examples.CloneTool "$@"; }

start_server() {
  mkfifo words
  heard=
  # exec: $! is then the server itself and not a shell around it.
  (exec "$java" -cp "$classpath" io.clonedevice.examples.CloneTool serve --source "$image" --destination copy.img \
    --metadata copy.meta --region-size "$region_size" --no-hydration --socket nbd --control control >words) &
  server=$!
  exec 3<words
  rm words
  hear 'listening on nbd'
}

# Waits until the server has said it, or has ended.
hear() {
  local line
  while [[ $heard != *"$1"* ]]; do
    IFS= read -r -u 3 line || fail "the server never said: $1"
    heard+=$line$'\n'
  done
}

declare -A status

look() {
  local name value
  while read -r name value; do
    status[$name]=$value
  done < <(clone status --socket control)
}

hydrated() { echo "${status[hydrated]} of ${status[regions]} regions are hydrated"; }

# Call look before.
enable_hydration() {
  say "hydration  on, when $(hydrated)"
  clone message --socket control enable_hydration
}

# ---- the file system on it

attach() {
  mkdir -p export tree
  case $through in
    nbdfuse)
      # When the server is killed, nbdfuse 1.14 dies of an assertion; the shell would tell the terminal.
      (nbdfuse export 'nbd+unix:///?socket=nbd' || true) 2>>presenter.log & ;;
    qemu-storage-daemon)
      : >export/nbd
      qemu-storage-daemon --blockdev driver=nbd,node-name=clone,server.type=unix,server.path=nbd,discard=unmap \
        --export type=fuse,id=file,node-name=clone,mountpoint=export/nbd,writable=on 2>>presenter.log & ;;
  esac
  presenter=$!
  await "$through presents the export" test -s export/nbd
  # The loop device goes with the mount.
  mount -o loop export/nbd tree
}

detach() {
  timeout 60 umount tree
  case $through in
    nbdfuse) umount export ;;
    qemu-storage-daemon) kill "$presenter" ;;
  esac
  wait "$presenter" || true
}

# Waits for a condition that nobody announces.
await() {
  local what=$1 deadline=$((SECONDS + 120))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within two minutes: $what"
    sleep 0.02
  done
}

# ---- the work

# Checksums of all files but those that are worked on.
checksums() { (cd "$1" && find . -path ./work -prune -o -type f -print0 | sort -z | xargs -0 -r sha256sum); }

# The bank: accounts, and transfers between them that are committed one by one; rewrites pages in place.
#   bank open DB            makes it if it is missing
#   bank transfer DB N LOG  N transfers; LOG holds the number of the last one that is durable
#   bank audit DB LOG       fails if anything of it is lost or wrong
bank() {
  python3 - "$@" <<'END'
import os, random, sqlite3, sys
ACCOUNTS, BALANCE = 4000, 100
task, path = sys.argv[1:3]
uri = "file:" + path + ("?immutable=1" if task == "audit" and not os.access(path, os.W_OK) else "")
bank = sqlite3.connect(uri, uri=True, isolation_level=None)
# FULL does not sync the directory when a commit removes the journal: the last commit could be rolled back.
bank.execute("PRAGMA synchronous = EXTRA")
if task == "open":
    bank.executescript("""
        BEGIN;
        CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER, note BLOB);
        CREATE TABLE IF NOT EXISTS done (transfers INTEGER);""")
    if not bank.execute("SELECT * FROM done").fetchone():
        bank.execute("INSERT INTO done VALUES (0)")
        bank.executemany("INSERT INTO account VALUES (?, ?, zeroblob(900))", ((i, BALANCE) for i in range(ACCOUNTS)))
    bank.execute("COMMIT")
elif task == "transfer":
    log = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT)
    for _ in range(int(sys.argv[3])):
        payer, payee = random.sample(range(ACCOUNTS), 2)
        bank.execute("BEGIN")
        bank.execute("UPDATE account SET balance = balance - 1 WHERE id = ?", (payer,))
        bank.execute("UPDATE account SET balance = balance + 1, note = randomblob(900) WHERE id = ?", (payee,))
        bank.execute("UPDATE done SET transfers = transfers + 1")
        done = bank.execute("SELECT transfers FROM done").fetchone()[0]
        bank.execute("COMMIT")
        os.pwrite(log, b"%d" % done, 0)
elif task == "audit":
    durable = int(open(sys.argv[3]).read())
    damage = bank.execute("PRAGMA integrity_check").fetchall()
    if damage != [("ok",)]:
        sys.exit("the database is damaged: %s" % damage)
    done = bank.execute("SELECT transfers FROM done").fetchone()[0]
    if done < durable:
        sys.exit("%d transfers were durable, %d are there" % (durable, done))
    count, total = bank.execute("SELECT count(*), sum(balance) FROM account").fetchone()
    if (count, total) != (ACCOUNTS, ACCOUNTS * BALANCE):
        sys.exit("%d accounts hold %d, not %d hold %d" % (count, total, ACCOUNTS, ACCOUNTS * BALANCE))
    print("database   whole, with %d transfers, of which %d must be there" % (done, durable))
END
}

unpack_and_compile() {
  mkdir -p tree/work/unpacked tree/work/program
  (cd tree && find . -path ./work -prune -o -type f -size -64k -print0) >small
  head -z -n 300 small >packed
  tar -C tree --null --files-from packed -cf small.tar
  tar -C tree/work/unpacked -xf small.tar
  say "work       unpacked a tar of $(tr -cd '\0' <packed | wc -c) files"
  if [ -x "${java}c" ]; then
    cat >tree/work/program/Sum.java <<'END'
public class Sum {
  public static void main(String[] arguments) {
    System.out.println(java.util.stream.IntStream.rangeClosed(1, 1000).sum());
  }
}
END
    "${java}c" -d tree/work/program tree/work/program/Sum.java
    [ "$("$java" -cp tree/work/program Sum)" = 500500 ] || fail "the compiled program is wrong"
    say "work       compiled a Java program and ran it"
  fi
  sync -f tree
  (cd tree && find work/unpacked work/program -type f -print0 | xargs -0 sha256sum) >work.sha256
}

# ---- the story

make_image() {
  local room
  truncate -s "$size" source.img
  # Two fifths of the image, in files that fit.
  room=$(($(stat -c %s source.img) * 2 / 5))
  mkdir -p files/work
  find -L "$(dirname "$(dirname "$java")")" -type f -printf '%s %p\n' | sort -n |
    awk -v room="$room" '$1 <= room { room -= $1; sub(/^[0-9]+ /, ""); print }' | tr '\n' '\0' |
    xargs -0 cp --parents -t files
  bank open files/work/bank
  mke2fs -q -F -t ext4 -b 4096 -d files source.img
  rm -r files
  image=$PWD/source.img
}

look_at_source() {
  local size_of_image
  mkdir -p tree
  sha256sum "$image" >source.sha256
  mount -o ro,noload,loop "$image" tree
  checksums tree >files.sha256
  umount tree
  size_of_image=$(if [ -b "$image" ]; then blockdev --getsize64 "$image"; else stat -c %s "$image"; fi)
  say "source     $((size_of_image >> 20)) MiB with $(wc -l <files.sha256) files"
}

trim() {
  local before=${status[hydrated]} bytes
  bytes=$(fstrim -v tree | sed 's/.*(\([0-9]*\) bytes.*/\1/')
  look
  say "fstrim     $((bytes >> 20)) MiB are unused: $((status[hydrated] - before)) regions are discarded, never to be copied"
  [ "${status[hydrated]}" -gt "$before" ] || fail "no discard came through $through"
}

transfer() {
  bank transfer tree/work/bank "$1" durable
  say "work       committed in SQLite, up to transfer $(cat durable)"
}

work() {
  enable_hydration
  unpack_and_compile
  bank open tree/work/bank
  transfer 100
}

copied() { stat -c %b copy.img; }
has_copied() { [ "$(copied)" -ge "$1" ]; }
has_committed() { [ -s durable ] && [ "$(cat durable)" -ge "$1" ]; }

work_with_a_kill() {
  local writer unhydrated
  unpack_and_compile
  bank open tree/work/bank
  bank transfer tree/work/bank 1000000 durable 2>bank.log &
  writer=$!
  await "the database commits" has_committed 10
  look
  unhydrated=$(((status[regions] - status[hydrated]) * status[region_size_sectors]))
  enable_hydration &
  await "a third is copied" has_copied $(($(copied) + unhydrated / 3))
  kill -0 "$writer" 2>/dev/null || fail "the database stopped before its disk did: $(tail -n 1 bank.log)"
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  say "kill -9    the server is gone in the middle of it, after transfer $(cat durable)"
  ! wait "$writer" || fail "the database wrote on without a disk"
  say "           the database says: $(tail -n 1 bank.log)"
  detach
  start_server
  attach
  look
  say "restart    mounted again, $(hydrated)"
  umount tree
  check_file_system export/nbd
  mount -o loop export/nbd tree
  say "           the journal was replayed, and e2fsck -fn finds nothing wrong"
  (cd tree && sha256sum --check --quiet ../work.sha256)
  say "           the files that were synced are there"
  bank audit tree/work/bank durable
  enable_hydration
  transfer 20
}

check_file_system() {
  e2fsck -fn "$1" >e2fsck.log 2>&1 && return
  cat e2fsck.log >&2
  fail "e2fsck finds errors on $1"
}

# Judges the copy alone.
prove() {
  mkdir -p tree
  check_file_system copy.img
  say "proof      e2fsck -fn finds nothing wrong"
  mount -o ro,noload,loop copy.img tree
  (cd tree && sha256sum --check --quiet ../files.sha256 ../work.sha256) || fail "files of the copy are wrong"
  say "proof      $(cat files.sha256 work.sha256 | wc -l) files have the right checksum"
  bank audit tree/work/bank durable
  umount tree
  sha256sum --check --quiet source.sha256 || fail "the source has changed"
  say "proof      the source has not changed"
}

story() {
  [ -n "$image" ] || make_image
  look_at_source
  start_server
  attach
  look
  say "mounted    $(hydrated)"
  trim
  if [ "$kill" = yes ]; then work_with_a_kill; else work; fi
  detach
  hear 'hydration complete'
  kill "$server"
  wait "$server" || fail "the server ended with status $?"
  say "complete   the copy takes $(($(copied) >> 11)) of $(($(stat -c %s copy.img) >> 20)) MiB; the server has ended"
  prove
}

# ---- arguments, and the namespace

skip() { printf 'instant-file-system: %s\n' "$*" >&2; exit 77; }

check_machine() {
  local program
  [ "$(id -u)" = 0 ] || skip "must be root to mount"
  [ -c /dev/fuse ] || skip "there is no /dev/fuse"
  [ -c /dev/loop-control ] || skip "there are no loop devices (/dev/loop-control)"
  for program in "$through" python3 mke2fs e2fsck fstrim unshare setpriv; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
  python3 -c 'import sqlite3' 2>/dev/null || skip "python3 has no sqlite3"
  unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip "namespaces are not allowed here"
}

misuse() { printf 'instant-file-system: %s; see --help\n' "$*" >&2; exit 2; }

arguments=("$@")
image= size=256M directory= region_size=4K through=nbdfuse kill=no task=story
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit ;;
    --kill) kill=yes; shift; continue ;;
    --image | --size | --directory | --region-size | --through | --prove) [ $# -ge 2 ] || misuse "$1 needs a value" ;;
    *) misuse "what is $1?" ;;
  esac
  case $1 in
    --image) image=$(realpath -e "$2") ;;
    --size) size=$2 ;;
    --directory) directory=$2 ;;
    --region-size) region_size=$2 ;;
    --through) through=$2 ;;
    --prove) task=prove directory=$2 ;;
  esac
  shift 2
done
[[ $through = nbdfuse || $through = qemu-storage-daemon ]] || misuse "--through is nbdfuse or qemu-storage-daemon, not $through"

PATH=$PATH:/usr/sbin:/sbin
java=$(readlink -f "${JAVA_HOME:+$JAVA_HOME/bin/}java" 2>/dev/null) || true
[ -x "$java" ] || java=$(readlink -f "$(command -v java)")
classpath=${CLONE_CLASSPATH:-$(realpath -m "$(dirname "$0")/../../../target/clone.jar")}

if [ -n "${CLONE_NAMESPACE:-}" ]; then
  ulimit -c 0
  cd "$CLONE_NAMESPACE"
  "$task"
  exit
fi

check_machine
[[ -n ${CLONE_CLASSPATH:-} || -f $classpath ]] || fail "$classpath is missing; build it with mvn package, or set CLONE_CLASSPATH"
temporary=
if [ -z "$directory" ]; then
  temporary=$(mktemp -d)
  directory=$temporary
elif [ "$task" = story ]; then
  mkdir -p "$directory"
  [ -z "$(ls -A "$directory")" ] || fail "$directory is not empty; give another directory"
fi

# The last of the namespace's processes takes its mounts along, and its first one all others.
end() {
  kill -KILL "$inside" 2>/dev/null && wait "$inside" 2>/dev/null || true
  [ -z "$temporary" ] || rm -rf "$temporary"
}
inside=
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
CLONE_NAMESPACE=$directory setpriv --pdeathsig KILL unshare --mount --pid --kill-child --mount-proc \
  "$BASH" "$0" "${arguments[@]}" &
inside=$!
wait "$inside"
