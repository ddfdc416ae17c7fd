package io.clonedevice.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps in their order, lists, strings, doubles, booleans and {@code null}. */
final class Json {
  private static final Gson GSON =
      new GsonBuilder()
          .setPrettyPrinting()
          .disableHtmlEscaping()
          .serializeNulls()
          .registerTypeAdapter(
              Double.class,
              (JsonSerializer<Double>)
                  (number, type, context) ->
                      Double.isFinite(number) ? new JsonPrimitive(number) : null)
          .create();

  private Json() {}

  static Object read(Path file) throws IOException {
    return GSON.fromJson(Files.readString(file), Object.class);
  }

  static String write(Object value) {
    return GSON.toJson(value) + "\n";
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
}
