// SPDX-License-Identifier: Apache-2.0
#include "compiler/model/annotations.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;

namespace {

Resolved with(const std::string& annotations) {
  return Resolved(service("shop/web", "{port: 80}", "annotations: {" + annotations + "}"));
}

std::string page() {
  std::ifstream file("docs/annotations.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The cells of a row of a table, without the backticks around them.
std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream text(row.substr(1));
  for (std::string cell; std::getline(text, cell, '|');) {
    cell.erase(0, cell.find_first_not_of(" `"));
    cell.erase(cell.find_last_not_of(" `") + 1);
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace

TEST_CASE("Traefik Mesh's keys are aliases, and ours wins") {
  CHECK(with("mesh.traefik.io/retry-attempts: '3'").service("shop", "web").policy.retry_attempts ==
        with("mesh.traefik.io/retry-attempts: '3'").service("shop", "web").policy.retry_attempts);
  for (const char* prefix : {"smic.dev/", "mesh.traefik.io/", "maesh.containo.us/"}) {
    INFO(prefix);
    const Resolved mesh = with(std::string(prefix) + "retry-attempts: '3'");
    REQUIRE(mesh.service("shop", "web").policy.retry_attempts);
    CHECK(mesh.service("shop", "web").policy.retry_attempts->value == 3);
    mesh.expect().none();
  }
}

TEST_CASE("spellings that say different things are told, with the one that counts") {
  const Resolved mesh = with(
      "mesh.traefik.io/retry-attempts: '3', smic.dev/retry-attempts: '2', "
      "maesh.containo.us/retry-attempts: '2'");
  CHECK(mesh.service("shop", "web").policy.retry_attempts->value == 2);
  mesh.expect()
      .only({"W59"})
      .has("W59")
      .times(1)
      .at_text("3")
      .message("`smic.dev/retry-attempts`, which wins")
      .note("this one counts");
}

TEST_CASE("a key of ours that means nothing is told with the one that was meant") {
  with("smic.dev/retry-attemps: '3'")
      .expect()
      .only({"W58"})
      .has("W58")
      .at_text("3")
      .help("did you mean `smic.dev/retry-attempts`?");
  with("mesh.traefik.io/idle-timeout: 5s").expect().has("W58").help("docs/annotations.md");
  with("smic.dev/access: permissive").expect().has("W58").help("for Namespaces");
  with("example.com/retry-attempts: none").expect().none();
}

TEST_CASE("on a Namespace a Service's annotation means nothing, and that is told") {
  const Resolved mesh(
      "{apiVersion: v1, kind: Namespace, metadata: {name: shop, annotations: "
      "{smic.dev/retry-attempts: '3', smic.dev/mesh: 'true'}}}\n");
  mesh.expect().only({"W58"}).has("W58").times(1).help("for Services");
}

TEST_CASE("the page lists every annotation, with the aliases it has, and no other") {
  std::set<std::string> listed;
  std::istringstream lines(page());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `smic.dev/")) continue;
    const auto row = cells(line);
    REQUIRE(row.size() >= 2);
    CHECK(listed.insert(row[0] + " = " + row[1]).second);
  }
  std::set<std::string> known;
  for (const model::Annotation& each : model::all_annotations()) {
    known.insert("smic.dev/" + std::string(each.name) + " = " +
                 (each.traefik_name.empty() ? "—" : std::string(each.traefik_name)));
  }
  CHECK(listed == known);
}

TEST_CASE("the page's examples are taken as they are") {
  const std::string text = page();
  std::size_t blocks = 0;
  for (std::size_t at = 0; (at = text.find("```yaml\n", at)) != std::string::npos; ++blocks) {
    at += 8;
    const std::string block = text.substr(at, text.find("```", at) - at);
    INFO(block);
    Sources sources;
    sources.add("page.yaml", block);
    Diagnostics diagnostics(sources);
    model::resolve(resources::decode(sources, diagnostics), {}, diagnostics);
    CHECK(render(diagnostics, DiagnosticsFormat::plain) == "");
  }
  CHECK(blocks >= 1);
}
