package io.clonedevice.mutants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * A defect that is planted in a class of the main code, to see who finds it.
 *
 * <p>Each is a file {@code mutants/NAME.mutant} among the test resources:
 *
 * <pre>
 *   class: MODULE CLASS
 *   layer: LAYER TEST-CLASS, which are expected to find it
 *   breaks: one sentence
 *   --- before
 *   text that stands exactly once in the class
 *   --- after
 *   what stands there instead
 *   --- end
 * </pre>
 */
record Mutant(
    String name,
    String module,
    String className,
    Layer layer,
    String testClass,
    String breaks,
    String before,
    String after) {

  /** Returns all, by name. */
  static List<Mutant> all() {
    Path folder = Root.FOLDER.resolve("clone-core/src/test/resources/mutants");
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().map(Mutant::read).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Mutant read(Path file) {
    String name = file.getFileName().toString().replace(".mutant", "");
    List<String> lines = lines(file);
    String[] place = value(lines, 0, "class: ").split(" ");
    String[] finder = value(lines, 1, "layer: ").split(" ");
    return new Mutant(
        name,
        place[0],
        place[1],
        Layer.named(finder[0]),
        finder[1],
        value(lines, 2, "breaks: "),
        text(lines, "--- before", "--- after"),
        text(lines, "--- after", "--- end"));
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String value(List<String> lines, int index, String key) {
    if (!lines.get(index).startsWith(key)) {
      throw new IllegalStateException("should begin with " + key + ": " + lines.get(index));
    }
    return lines.get(index).substring(key.length());
  }

  private static String text(List<String> lines, String from, String to) {
    return String.join("\n", lines.subList(lines.indexOf(from) + 1, lines.indexOf(to))).trim();
  }

  /** Returns how often the text that is to be replaced stands in the class. */
  int occurrences() {
    String source = source();
    int count = 0;
    for (int at = source.indexOf(before); at >= 0; at = source.indexOf(before, at + 1)) {
      count++;
    }
    return count;
  }

  private String relativePath() {
    return className.replace('.', '/') + ".java";
  }

  private String source() {
    try {
      return Files.readString(
          Root.FOLDER.resolve(module).resolve("src/main/java").resolve(relativePath()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Compiles the class with the defect.
   *
   * @param folder gets the classes, and is to be first on a class path
   * @throws IllegalStateException if the defect does not stand alone, or does not compile
   */
  void plant(Path folder) throws IOException {
    if (occurrences() != 1) {
      throw new IllegalStateException(
          name + ": its text stands " + occurrences() + " times in " + className);
    }
    Path file = folder.resolve("src").resolve(relativePath());
    Files.createDirectories(file.getParent());
    Files.writeString(file, source().replace(before, after));
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--release",
                "17",
                "-nowarn",
                "-proc:none",
                "-cp",
                Root.CLASS_PATH,
                "-d",
                folder.toString(),
                file.toString()));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler.run(null, null, null, arguments.toArray(String[]::new)) != 0) {
      throw new IllegalStateException(name + " does not compile");
    }
  }
}
