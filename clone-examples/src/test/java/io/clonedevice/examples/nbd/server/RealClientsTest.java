package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.hydration.Hydration;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The clients that people use: libnbd's, QEMU's and fio's. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealClientsTest {
  private static final int REGION = ServedClone.REGION;
  private static final int SIZE = 256 * REGION;

  @TempDir private Path directory;
  private ServedClone clone;
  private Path source;

  @BeforeEach
  void serve() throws IOException {
    clone = new ServedClone(SIZE);
    source = Files.write(directory.resolve("source"), clone.content());
  }

  @AfterEach
  void close() throws IOException {
    clone.close();
    assertThat(clone.server().status().connections()).isZero();
  }

  // ---- libnbd

  @Test
  void nbdinfoShowsTheExport() throws Exception {
    String info = run("nbdinfo", "--json", clone.uri());

    assertThat(info)
        .contains("\"export-size\": " + SIZE)
        .contains("\"structured\": true")
        .contains("\"can_multi_conn\": true", "\"can_fast_zero\": true", "\"can_df\": true")
        .contains("\"can_cache\": true", "\"can_fua\": true", "\"can_trim\": true")
        .contains("\"block_size_minimum\": 512", "\"block_size_preferred\": " + REGION)
        .contains("\"base:allocation\"", "\"x-clonedevice:hydration\"");
    assertThat(run("nbdinfo", "--list", clone.uri())).contains("export-size: " + SIZE);
    assertThat(run("nbdinfo", "--size", clone.uri()).strip()).isEqualTo(Integer.toString(SIZE));
  }

  @Test
  void nbdinfoMapsBothContexts() throws Exception {
    run("nbdsh", "-u", clone.uri(), "-c", "h.pwrite(b'w' * 65536, 65536); h.trim(65536, 196608)");

    assertThat(lines(run("nbdinfo", "--map", clone.uri())))
        .containsExactly(
            "0 196608 0 data", "196608 65536 3 hole,zero", "262144 " + (SIZE - 262144) + " 0 data");
    assertThat(lines(run("nbdinfo", "--map=" + NbdContext.HYDRATION, clone.uri())))
        .containsExactly(
            "0 65536 1",
            "65536 65536 0",
            "131072 65536 1",
            "196608 65536 0",
            "262144 " + (SIZE - 262144) + " 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--connections=1", "--connections=4"})
  void nbdcopyReadsAndWritesEverything(String connections) throws Exception {
    Path copy = directory.resolve("copy");
    run("nbdcopy", connections, clone.uri(), copy.toString());
    assertThat(copy).hasSameBinaryContentAs(source);

    byte[] other = new byte[SIZE];
    new Random(5).nextBytes(other);
    Arrays.fill(other, SIZE / 4, SIZE / 2, (byte) 0);
    Path written = Files.write(directory.resolve("other"), other);
    run("nbdcopy", connections, "--flush", written.toString(), clone.uri());

    run("nbdcopy", connections, clone.uri(), copy.toString());
    assertThat(copy).hasSameBinaryContentAs(written);
  }

  @Test
  void nbdshScriptOfEveryCommand() throws Exception {
    run(
        "nbdsh",
        "-c",
        String.join(
            "\n",
            "h.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)",
            "h.add_meta_context('" + NbdContext.HYDRATION + "')",
            "h.connect_uri('" + clone.uri() + "')",
            "assert h.can_meta_context('" + NbdContext.HYDRATION + "')",
            "h.pwrite(b'1' * 4096, 4096, nbd.CMD_FLAG_FUA)",
            "assert h.pread(4096, 4096) == bytearray(b'1' * 4096)",
            "h.zero(4096, 4096)",
            "assert h.pread(8192, 4096)[:4096] == bytearray(4096)",
            "h.zero(65536, 131072, nbd.CMD_FLAG_FAST_ZERO)",
            "h.zero(65536, 262144, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)",
            "h.trim(65536, 0, nbd.CMD_FLAG_FUA)",
            "h.cache(1048576, 0)",
            "h.flush()",
            "seen = {}",
            "def extents(context, offset, entries, error): seen[context] = entries",
            "h.block_status(262144, 131072, extents)",
            "assert seen['"
                + NbdContext.HYDRATION
                + "'] == [65536, 0, 65536, 1, 65536, 0, 65536, 1]"
                + ", seen",
            "h.block_status(262144, 131072, extents, nbd.CMD_FLAG_REQ_ONE)",
            "assert seen['base:allocation'][1] in (0, 3)",
            "chunks = []",
            "def chunk(data, offset, status, error): chunks.append((offset, len(data)))",
            "h.pread_structured(1048576, 0, chunk)",
            "assert sum(length for _, length in chunks) == 1048576",
            "chunks.clear()",
            "h.pread_structured(1048576, 0, chunk, nbd.CMD_FLAG_DF)",
            "assert chunks == [(0, 1048576)]",
            "h.shutdown()"));
  }

  @Test
  void nbdshScriptOfRefusals() throws Exception {
    run(
        "nbdsh",
        "-c",
        String.join(
            "\n",
            "import errno",
            "h.set_strict_mode(0)",
            "h.connect_uri('" + clone.uri() + "')",
            "size = h.get_size()",
            "def refused(error, call, *args):",
            "    try:",
            "        call(*args)",
            "    except nbd.Error as e:",
            "        assert e.errnum == error, e",
            "    else:",
            "        assert False",
            "",
            "refused(errno.EINVAL, h.pread, 512, size)",
            "refused(errno.EINVAL, h.pread, 511, 0)",
            "refused(errno.ENOSPC, h.pwrite, b'x' * 512, size)",
            "refused(errno.EINVAL, h.pwrite, b'x' * 100, 0)",
            "refused(errno.EINVAL, h.pread, 512, 0, 1 << 7)",
            "refused(errno.EINVAL, h.trim, 1024, size - 512)",
            "refused(errno.ENOTSUP, h.zero, 512, 0, nbd.CMD_FLAG_FAST_ZERO)",
            "assert len(h.pread(512, 0)) == 512"));
  }

  // ---- QEMU

  @Test
  void qemuImgInfoConvertCompareAndMap() throws Exception {
    assertThat(run("qemu-img", "info", clone.uri())).contains("virtual size: 16 MiB");
    assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), clone.uri()))
        .contains("identical");
    Path copy = directory.resolve("copy.qcow2");
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", clone.uri(), copy.toString());
    run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", source.toString(), copy.toString());
    Path other = directory.resolve("other");
    byte[] content = new byte[SIZE];
    new Random(6).nextBytes(content);
    Arrays.fill(content, 0, SIZE / 2, (byte) 0);
    Files.write(other, content);

    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", other.toString(), clone.uri());

    run("qemu-img", "compare", "-f", "raw", "-F", "raw", other.toString(), clone.uri());
    run("qemu-img", "map", "--output=json", "-f", "raw", clone.uri());
  }

  @Test
  void qemuIoOperations() throws Exception {
    String out =
        run(
            "qemu-io",
            "-f",
            "raw",
            "-d",
            "unmap",
            "-c",
            "write -P 0x11 0 64k",
            "-c",
            "write -f -P 0x22 4k 4k",
            "-c",
            "read -P 0x22 4k 4k",
            "-c",
            "read -P 0x11 8k 56k",
            "-c",
            "write -z 100k 60k",
            "-c",
            "read -P 0 100k 60k",
            "-c",
            "write -z -u 1M 1M",
            "-c",
            "read -P 0 1M 1M",
            "-c",
            "discard 3M 1M",
            "-c",
            "aio_write -P 0x33 5M 1M",
            "-c",
            "aio_write -P 0x44 6M 1M",
            "-c",
            "aio_read -P 0x11 0 4k",
            "-c",
            "aio_flush",
            "-c",
            "read -P 0x33 5M 1M",
            "-c",
            "read -P 0x44 6M 1M",
            "-c",
            "writev -P 0x55 7M 4k 8k 512",
            "-c",
            "readv -P 0x55 7M 12800",
            "-c",
            "flush",
            clone.uri());

    assertThat(out).doesNotContain("failed", "Pattern verification");
  }

  // ---- fio

  @Test
  void fioVerifiesWhatItWritesWhileHydrating() throws Exception {
    clone.close();
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults(),
            Hydration.background().threshold(4).bytesPerSecondMax(4 << 20),
            s -> s);
    assumeTrue(
        run("fio", "--enghelp").contains("nbd"), "this fio was built without its nbd engine");

    run(
        "fio",
        "--name=verify",
        "--ioengine=nbd",
        "--uri=" + clone.uri(),
        "--rw=randrw",
        "--bsrange=512-128k",
        "--blockalign=512",
        "--size=" + SIZE,
        "--io_size=" + 2 * SIZE,
        "--iodepth=16",
        "--verify=crc32c",
        "--verify_backlog=64",
        "--fsync=32",
        "--randseed=1");

    clone.device().disableHydration();
    assertThat(clone.server().status().errors()).isZero();
  }

  // ---- programs

  private static List<String> lines(String text) {
    return text.lines().map(line -> line.strip().replaceAll("\\s+", " ")).toList();
  }

  /** Runs a program to its end, in the test's directory; skips the test where it is missing. */
  private String run(String program, String... arguments) throws Exception {
    List<Path> found =
        Arrays.stream("/usr/bin:/bin:/usr/local/bin".split(":"))
            .map(place -> Path.of(place, program))
            .filter(Files::isExecutable)
            .toList();
    assumeTrue(!found.isEmpty(), program + " is not installed");
    List<String> command = new ArrayList<>(List.of(found.get(0).toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    // libnbd's modules are those of the system's Python.
    builder.environment().put("PATH", "/usr/bin:/bin:/usr/local/bin");
    Process process = builder.start();
    process.getOutputStream().close();
    String printed;
    try (InputStream output = process.getInputStream()) {
      printed = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    }
    assumeTrue(!printed.contains("No module named"), printed);
    assertThat(process.waitFor()).as("%s: %s", command, printed).isZero();
    return printed;
  }
}
