package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's code is code. */
class ReadmeTest {
  private static final Path README = Path.of("..", "README.md");
  private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TempDir Path directory;

  @Test
  void exampleCompilesAndClones() throws Exception {
    byte[] content = new byte[1 << 20];
    new Random(1).nextBytes(content);
    Path image = Files.write(directory.resolve("golden.img"), content);
    Path copy = directory.resolve("copy.img");
    ByteBuffer read = ByteBuffer.allocate(4096);
    byte[] data = new byte[512];
    Arrays.fill(data, (byte) 7);

    compile(
            "Example",
            "Path goldenImage, Path copy, Path metadata, long size, long regionCount,"
                + " ByteBuffer buffer, ByteBuffer data",
            javaBlocks().get(0))
        .getMethod(
            "run",
            Path.class,
            Path.class,
            Path.class,
            long.class,
            long.class,
            ByteBuffer.class,
            ByteBuffer.class)
        .invoke(
            null,
            image,
            copy,
            directory.resolve("copy.meta"),
            (long) content.length,
            16L,
            read,
            ByteBuffer.wrap(data));

    assertThat(read.array()).isEqualTo(Arrays.copyOf(content, 4096));
    System.arraycopy(data, 0, content, 4096, data.length);
    assertThat(Files.readAllBytes(copy)).isEqualTo(content);
  }

  @Test
  void hydrationSettingsCompile() throws Exception {
    Class<?> settings = compile("Settings", "", "Object hydration = " + javaBlocks().get(1) + ";");
    assertThat(settings.getMethod("run").invoke(null)).isNull();
  }

  @Test
  void testOfAUserStandsInThisModule() throws Exception {
    String test =
        Files.readString(Path.of("src/test/java/io/clonedevice/examples/RestoreTest.java"));
    String example = javaBlocks().get(2);
    assertThat(test.replaceAll("\\s", "").contains(example.replaceAll("\\s", "")))
        .as("RestoreTest holds %s", example)
        .isTrue();
  }

  private static List<String> javaBlocks() throws Exception {
    List<String> blocks =
        JAVA_BLOCK
            .matcher(Files.readString(README))
            .results()
            .map(match -> match.group(1))
            .toList();
    assertThat(blocks).hasSize(3);
    return blocks;
  }

  private Class<?> compile(String name, String parameters, String body) throws Exception {
    String code =
        """
        import io.clonedevice.CloneDevice;
        import io.clonedevice.hydration.Hydration;
        import io.clonedevice.metadata.MetadataSize;
        import io.clonedevice.store.FileChannelBlockStore;
        import java.nio.ByteBuffer;
        import java.nio.file.Path;
        public class %s {
          public static void run(%s) throws Exception {
            %s
          }
        }
        """
            .formatted(name, parameters, body);
    Path file = Files.writeString(directory.resolve(name + ".java"), code);
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                directory.toString(),
                file.toString());
    assertThat(status).as("javac's exit status for%n%s", code).isZero();
    URLClassLoader loader =
        new URLClassLoader(new URL[] {directory.toUri().toURL()}, getClass().getClassLoader());
    return loader.loadClass(name);
  }
}
