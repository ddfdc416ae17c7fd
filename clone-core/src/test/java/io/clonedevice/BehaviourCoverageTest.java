package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestTemplate;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** Every behaviour in behaviours.txt has a test that carries its number as a tag. */
class BehaviourCoverageTest {
  private static final Pattern ROW = Pattern.compile("[AB]\\d+");
  private static final String CLASS_SUFFIX = ".class";

  @Test
  void everyBehaviourHasATestAndEveryTagIsABehaviour() throws Exception {
    Map<String, String> behaviours = behaviours();
    Map<String, Set<String>> tests = taggedTests();

    List<String> untested = new ArrayList<>();
    behaviours.forEach(
        (row, title) -> {
          if (!tests.containsKey(row)) {
            untested.add(row + " " + title);
          }
        });
    List<String> unknown = new ArrayList<>();
    tests.forEach(
        (row, names) -> {
          if (!behaviours.containsKey(row)) {
            unknown.add(row + " at " + names);
          }
        });
    SoftAssertions.assertSoftly(
        softly -> {
          softly.assertThat(untested).as("behaviours without a test").isEmpty();
          softly.assertThat(unknown).as("tags that are no behaviour").isEmpty();
        });
  }

  @Test
  void theListIsWholeAndInOrder() throws IOException {
    List<String> expected = new ArrayList<>();
    for (int i = 1; i <= 69; i++) {
      expected.add("A" + i);
    }
    for (int i = 1; i <= 25; i++) {
      expected.add("B" + i);
    }
    assertThat(behaviours().keySet()).containsExactlyElementsOf(expected);
    assertThat(behaviours().values()).doesNotContain("");
  }

  @Test
  void aDisabledTestAndAMethodThatIsNoTestCoverNothing() {
    Map<String, Set<String>> found = new TreeMap<>();
    collect(Specimen.class, found);
    assertThat(found).containsOnlyKeys("A0");
  }

  /** Not run: nested classes without an annotation are no test classes. */
  @SuppressWarnings("unused")
  private static final class Specimen {
    @Test
    @Tag("A0")
    @Tag("slow")
    void enabled() {}

    @Test
    @Disabled("as a specimen")
    @Tag("A998")
    void disabled() {}

    @Tag("A999")
    void noTest() {}
  }

  private static Map<String, String> behaviours() throws IOException {
    Map<String, String> behaviours = new LinkedHashMap<>();
    try (InputStream list = BehaviourCoverageTest.class.getResourceAsStream("/behaviours.txt")) {
      String text = new String(list.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        String[] parts = line.split(" ", 2);
        assertThat(behaviours.put(parts[0], parts[1])).as("second row %s", parts[0]).isNull();
      }
    }
    return behaviours;
  }

  /** By row, the tests of this module and of the metadata's. */
  private static Map<String, Set<String>> taggedTests() throws Exception {
    Map<String, Set<String>> found = new TreeMap<>();
    URI own =
        BehaviourCoverageTest.class.getProtectionDomain().getCodeSource().getLocation().toURI();
    scan(Path.of(own), BehaviourCoverageTest.class.getClassLoader(), found);
    Path metadata =
        Path.of(System.getProperty("basedir", ""))
            .toAbsolutePath()
            .resolveSibling("clone-metadata")
            .resolve("target")
            .resolve("test-classes");
    assertThat(metadata).as("compiled tests of the sibling module").isDirectory();
    // Package-private parts of the metadata are not visible to another loader's tests, but only
    // their annotations are of interest here.
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {metadata.toUri().toURL()}, BehaviourCoverageTest.class.getClassLoader())) {
      scan(metadata, loader, found);
    }
    return found;
  }

  private static void scan(Path root, ClassLoader loader, Map<String, Set<String>> found)
      throws IOException, ClassNotFoundException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(f -> f.toString().endsWith(CLASS_SUFFIX)).sorted().toList()) {
        String path = root.relativize(file).toString();
        String name =
            path.substring(0, path.length() - CLASS_SUFFIX.length())
                .replace(file.getFileSystem().getSeparator(), ".");
        Class<?> type = Class.forName(name, false, loader);
        boolean canRun =
            !Modifier.isAbstract(type.getModifiers())
                && !Modifier.isPrivate(type.getModifiers())
                && !type.isAnonymousClass();
        if (canRun && !AnnotationSupport.isAnnotated(type, Disabled.class)) {
          collect(type, found);
        }
      }
    }
  }

  private static void collect(Class<?> type, Map<String, Set<String>> found) {
    for (Class<?> at = type; at != null && at != Object.class; at = at.getSuperclass()) {
      for (Method method : at.getDeclaredMethods()) {
        if (isEnabledTest(method)) {
          for (Tag tag : AnnotationSupport.findRepeatableAnnotations(method, Tag.class)) {
            add(tag, method, found);
          }
          for (Tag tag : AnnotationSupport.findRepeatableAnnotations(type, Tag.class)) {
            add(tag, method, found);
          }
        }
      }
    }
  }

  private static void add(Tag tag, Method method, Map<String, Set<String>> found) {
    if (ROW.matcher(tag.value()).matches()) {
      found
          .computeIfAbsent(tag.value(), row -> new TreeSet<>())
          .add(method.getDeclaringClass().getSimpleName() + "." + method.getName());
    }
  }

  private static boolean isEnabledTest(Method method) {
    // Test and TestTemplate (parameterized, repeated) are marked as testable.
    return (AnnotationSupport.isAnnotated(method, Testable.class)
            || AnnotationSupport.isAnnotated(method, TestTemplate.class))
        && !AnnotationSupport.isAnnotated(method, Disabled.class);
  }
}
