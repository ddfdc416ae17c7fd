package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What one run has measured: tables of texts and numbers, for people as Markdown and for programs
 * as JSON.
 *
 * <pre>
 *   {"headline": "date; machine; JDK; command",
 *    "tables": [{"name": "requests", "columns": ["request", "ns"], "rows": [["read", 1166.2]]}]}
 * </pre>
 */
record Results(String headline, List<Table> tables) {
  /** One table; a cell is a string, a number, or null for what was not measured. */
  record Table(String name, List<String> columns, List<List<Object>> rows) {
    Table(String name, String... columns) {
      this(name, List.of(columns), new ArrayList<>());
    }

    void add(Object... cells) {
      List<Object> row = new ArrayList<>();
      for (Object cell : cells) {
        row.add(cell instanceof Number number ? (Object) number.doubleValue() : cell);
      }
      rows.add(row);
    }

    Object cell(List<Object> row, String column) {
      return row.get(columns.indexOf(column));
    }

    double number(List<Object> row, String column) {
      return cell(row, column) instanceof Double number ? number : Double.NaN;
    }

    private String markdown() {
      StringBuilder out = new StringBuilder();
      out.append("| ").append(String.join(" | ", columns)).append(" |\n");
      out.append("| --- ".repeat(columns.size())).append("|\n");
      for (List<Object> row : rows) {
        row.forEach(cell -> out.append("| ").append(text(cell)).append(' '));
        out.append("|\n");
      }
      return out.toString();
    }

    /** Three digits that count, and no more. */
    private static String text(Object cell) {
      if (!(cell instanceof Double number)) {
        return cell == null ? "-" : cell.toString();
      }
      if (number.isNaN()) {
        return "-";
      }
      double size = Math.abs(number);
      boolean whole = number == Math.rint(number);
      int digits = whole || size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.001 ? 2 : 4;
      return String.format(Locale.ROOT, "%,." + digits + "f", number);
    }
  }

  Results(String headline) {
    this(headline, new ArrayList<>());
  }

  Table table(String name, String... columns) {
    Table table = new Table(name, columns);
    tables.add(table);
    return table;
  }

  Table table(String name) {
    return tables.stream()
        .filter(table -> table.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no table " + name));
  }

  /** Prints the tables and writes them to a file. */
  void publish(Path json) throws IOException {
    System.out.println(headline);
    for (Table table : tables) {
      System.out.println();
      if (tables.size() > 1) {
        System.out.println("*" + table.name() + "*\n");
      }
      System.out.print(table.markdown());
    }
    write(json);
  }

  void write(Path json) throws IOException {
    List<Object> written = new ArrayList<>();
    for (Table table : tables) {
      written.add(
          Json.object("name", table.name(), "columns", table.columns(), "rows", table.rows()));
    }
    Files.writeString(json, Json.write(Json.object("headline", headline, "tables", written)));
  }

  static Results read(Path json) throws IOException {
    Object root = Json.read(json);
    Results results = new Results((String) Json.in(root, "headline"));
    for (Object table : Json.list(root, "tables")) {
      List<String> columns = Json.list(table, "columns").stream().map(String.class::cast).toList();
      List<List<Object>> rows = new ArrayList<>();
      for (Object row : Json.list(table, "rows")) {
        rows.add(new ArrayList<>((List<?>) row));
      }
      results.tables().add(new Table((String) Json.in(table, "name"), columns, rows));
    }
    return results;
  }
}
