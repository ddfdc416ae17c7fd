package io.clonedevice.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The real dm-clone in a virtual machine, and the independent checker of its metadata.
 *
 * <p>Found by the system property {@code clone.kernel}: a folder that holds {@code kernel-vm}
 * (which boots a kernel with given images as its disks) and {@code clone_meta.py}.
 */
final class KernelTool {
  /** The system property that names the folder. */
  static final String FOLDER_PROPERTY = "clone.kernel";

  /** The system property that says how long a long run is; the default is short. */
  static final String ROUNDS_PROPERTY = "clone.kernel.rounds";

  private static final String TIMEOUT_SECONDS = "1500";

  private final Path folder;
  private final Path work;
  private int runCount;

  private KernelTool(Path folder, Path work) {
    this.folder = folder;
    this.work = work;
  }

  /**
   * Sets the tool up, or skips the test and says why.
   *
   * @param work an existing folder for plans and output
   */
  static KernelTool orSkip(Path work) throws IOException, InterruptedException {
    String property = System.getProperty(FOLDER_PROPERTY);
    if (property == null) {
      return skip("-D" + FOLDER_PROPERTY + "=DIR is not set; DIR holds kernel-vm, clone_meta.py");
    }
    Path folder = Path.of(property).toAbsolutePath();
    for (String file : List.of("kernel-vm", "clone_meta.py")) {
      // Not a reason to skip: somebody wanted these tests and mistyped.
      assertThat(folder.resolve(file)).as("-D%s=%s", FOLDER_PROPERTY, property).isRegularFile();
    }
    KernelTool tool = new KernelTool(folder, work);
    try {
      Output setup = tool.process(Map.of(), List.of(tool.tool("kernel-vm"), "setup"));
      if (setup.status() != 0) {
        return skip("kernel-vm setup cannot work here: " + String.join("; ", setup.lines()));
      }
      Output python = tool.process(Map.of(), List.of("python3", "--version"));
      if (python.status() != 0) {
        return skip("python3 does not work: " + python.lines());
      }
    } catch (IOException e) {
      return skip("the tools do not start here: " + e.getMessage());
    }
    return tool;
  }

  /** How many rounds a test makes that can make many. */
  static int rounds(int whenNotSet) {
    return Integer.getInteger(ROUNDS_PROPERTY, whenNotSet);
  }

  /**
   * Boots the kernel, lets it obey a plan and expects that it could.
   *
   * @param images become the disks {@link #disk}(0), {@link #disk}(1), ...
   * @return what was printed, the last line is "done"
   */
  List<String> run(GuestPlan plan, List<Path> images) throws IOException, InterruptedException {
    assertThat(images).as("disks of one machine").hasSizeLessThanOrEqualTo(26);
    Path file = Files.write(work.resolve("plan-" + runCount), plan.lines());
    List<String> command = new ArrayList<>();
    command.addAll(List.of(tool("kernel-vm"), "run", resource("guest.sh").toString()));
    images.forEach(image -> command.add(image.toString()));
    long start = System.nanoTime();
    Output output =
        process(Map.of("VM_PLAN", file.toString(), "KERNEL_VM_TIMEOUT", TIMEOUT_SECONDS), command);
    System.out.printf(
        "kernel: %d commands in %d s%n",
        plan.lines().size(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
    assertThat(output.status()).as("the kernel: %s", output.lines()).isZero();
    assertThat(output.lines()).last().isEqualTo("done");
    return output.lines();
  }

  /** The path of a disk in the guest. */
  static String disk(int index) {
    return "/dev/vd" + (char) ('a' + index);
  }

  /**
   * Lets the independent checker look at images.
   *
   * @return a result for each, in the same order
   */
  List<CheckedImage> check(List<Path> images) throws IOException, InterruptedException {
    Path listing =
        Files.write(
            work.resolve("listing-" + runCount), images.stream().map(Path::toString).toList());
    Output output =
        process(
            Map.of(),
            List.of(
                "python3",
                resource("check_images.py").toString(),
                folder.toString(),
                listing.toString()));
    assertThat(output.status()).as("the checker: %s", output.lines()).isZero();
    assertThat(output.lines()).hasSameSizeAs(images);
    return output.lines().stream().map(CheckedImage::parse).toList();
  }

  private static KernelTool skip(String reason) {
    System.out.println("kernel tests are skipped: " + reason);
    return abort(reason);
  }

  private String tool(String name) {
    return folder.resolve(name).toString();
  }

  private static Path resource(String name) {
    try {
      return Path.of(KernelTool.class.getResource("/kernel/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private Output process(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    Path printed = work.resolve("output-" + runCount++);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      int status = process.waitFor();
      return new Output(status, Files.readAllLines(printed));
    } finally {
      process.destroy();
    }
  }

  private record Output(int status, List<String> lines) {}
}
