package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as maps in their order, lists, strings, doubles, booleans and {@code null}: as much of it as
 * results of benchmarks need.
 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Object read(Path file) throws IOException {
    return parse(Files.readString(file));
  }

  static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.skipSpace();
    if (json.at != text.length()) {
      throw json.unexpected("the end");
    }
    return value;
  }

  /** Returns a member of an object, or an element of a list, or of one in it, and so on. */
  static Object in(Object value, Object... path) {
    Object found = value;
    for (Object step : path) {
      found = step instanceof Integer i ? ((List<?>) found).get(i) : ((Map<?, ?>) found).get(step);
    }
    return found;
  }

  static List<?> list(Object value, Object... path) {
    return (List<?>) in(value, path);
  }

  /** Returns an object with members in the order given: name, value, name, value, … */
  static Map<String, Object> object(Object... members) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < members.length; i += 2) {
      object.put((String) members[i], members[i + 1]);
    }
    return object;
  }

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, "\n", out);
    return out.append('\n').toString();
  }

  private static void write(Object value, String newLine, StringBuilder out) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(separator).append(newLine).append("  ");
        write(entry.getKey(), newLine, out);
        out.append(": ");
        write(entry.getValue(), newLine + "  ", out);
        separator = ",";
      }
      out.append(map.isEmpty() ? "{" : newLine).append('}');
    } else if (value instanceof Iterable<?> list) {
      String separator = "[";
      for (Object element : list) {
        out.append(separator);
        write(element, newLine + "  ", out);
        separator = ", ";
      }
      out.append(separator.equals("[") ? "[" : "").append(']');
    } else if (value instanceof String string) {
      writeString(string, out);
    } else if (value instanceof Double number && (number.isNaN() || number.isInfinite())) {
      out.append("null");
    } else {
      out.append(value);
    }
  }

  private static void writeString(String string, StringBuilder out) {
    out.append('"');
    for (char c : string.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private Object value() {
    skipSpace();
    char c = peek();
    if (c == '{') {
      return object();
    }
    if (c == '[') {
      return array();
    }
    if (c == '"') {
      return string();
    }
    int start = at;
    while (at < text.length() && ",]} \n\r\t".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(start, at);
    return switch (word) {
      case "null" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> number(word);
    };
  }

  private Double number(String word) {
    try {
      return Double.valueOf(word);
    } catch (NumberFormatException e) {
      throw unexpected("a value");
    }
  }

  private Map<String, Object> object() {
    Map<String, Object> members = new LinkedHashMap<>();
    at++;
    while (!endsWith('}')) {
      String name = string();
      skipSpace();
      take(':');
      members.put(name, value());
    }
    return members;
  }

  private List<Object> array() {
    List<Object> elements = new ArrayList<>();
    at++;
    while (!endsWith(']')) {
      elements.add(value());
    }
    return elements;
  }

  /** Takes a comma if there is one. */
  private boolean endsWith(char end) {
    skipSpace();
    if (peek() == ',') {
      at++;
      skipSpace();
    }
    if (peek() != end) {
      return false;
    }
    at++;
    return true;
  }

  private String string() {
    StringBuilder string = new StringBuilder();
    take('"');
    while (peek() != '"') {
      char c = text.charAt(at++);
      if (c == '\\') {
        c = text.charAt(at++);
        if (c == 'u') {
          c = (char) Integer.parseInt(text.substring(at, at + 4), 16);
          at += 4;
        } else if (c == 'n' || c == 't' || c == 'r') {
          c = ' ';
        }
      }
      string.append(c);
    }
    at++;
    return string.toString();
  }

  private void take(char expected) {
    if (peek() != expected) {
      throw unexpected("'" + expected + "'");
    }
    at++;
  }

  private char peek() {
    if (at == text.length()) {
      throw unexpected("more");
    }
    return text.charAt(at);
  }

  private void skipSpace() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private IllegalArgumentException unexpected(String expected) {
    return new IllegalArgumentException("at character " + at + ": expected " + expected);
  }
}
