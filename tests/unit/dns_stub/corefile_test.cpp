// SPDX-License-Identifier: Apache-2.0
#include "controller/dns/corefile.h"

#include <catch2/catch.hpp>

using namespace smic;
using dns_stub::Corefile;

namespace {

// Blocks as "key key { directive; directive }", then what is imported between them.
std::string shape_of(const std::string& text) {
  Sources sources;
  const SourceId id = sources.add("Corefile", text);
  Diagnostics diagnostics(sources);
  const auto parsed = dns_stub::parse_corefile(sources, id, diagnostics);
  if (!parsed) return render(diagnostics, DiagnosticsFormat::plain);
  std::string shape;
  for (const dns_stub::ServerBlock& block : parsed->blocks) {
    for (const dns_stub::Word& key : block.keys) shape += key.text + ' ';
    shape += '{';
    for (const dns_stub::Directive& directive : block.directives) {
      for (const dns_stub::Word& word : directive.words) shape += ' ' + word.text;
      shape += ';';
    }
    shape += block.braces ? " } " : " ";
  }
  for (const dns_stub::Word& pattern : parsed->imports) shape += "import " + pattern.text + ' ';
  return shape;
}

}  // namespace

TEST_CASE("blocks, keys, directives and nesting are read as CoreDNS reads them", "[corefile]") {
  CHECK(shape_of(".:53 {\n errors\n forward . 1.2.3.4 {\n  max_fails 1\n }\n}\n") ==
        ".:53 { errors; forward . 1.2.3.4 { max_fails 1 }; } ");
  CHECK(shape_of("a.b, c.d\n{\n}\n") == "a.b c.d { } ");
  CHECK(shape_of("a.b,\nc.d {\n}\n") == "a.b c.d { } ");
  CHECK(shape_of("a.b { errors\n}\nc.d { }\n") == "a.b { errors; } c.d { } ");
  CHECK(shape_of("a.b {\n log\n {\n  class all\n }\n}\n") == "a.b { log { class all }; } ");
}

TEST_CASE("comments begin at a # wherever it stands, but in quotes", "[corefile]") {
  CHECK(shape_of("a.b { # one\n errors#two\n log \"#three\"\n}\n#four") ==
        "a.b { errors; log #three; } ");
}

TEST_CASE("quotes begin a word, hold blanks and lines, and know one escape", "[corefile]") {
  CHECK(shape_of("a.b {\n t \"x y\nz\" \"q\\\"q\" \"b\\\\\" m\"n\n e\n}\n") ==
        "a.b { t x y\nz q\"q b\\\\ m\"n; e; } ");
}

TEST_CASE("a carriage return is nothing", "[corefile]") {
  CHECK(shape_of("a.b {\r\n er\rrors\r\n}\r\n") == "a.b { errors; } ");
}

TEST_CASE("snippets and imports between blocks are known, and variables kept", "[corefile]") {
  CHECK(shape_of("(s) {\n errors {\n }\n}\nimport x/*.server\n.:{$PORT} {\n import s\n}\n") ==
        ".:{$PORT} { import s; } import x/*.server ");
}

TEST_CASE("a file of one block may do without braces", "[corefile]") {
  CHECK(shape_of(".:53\nerrors\nforward . 1.2.3.4\n") == ".:53 { errors; forward . 1.2.3.4; ");
  CHECK(shape_of("") == "");
  CHECK(shape_of("# nothing\n") == "");
}

TEST_CASE("what CoreDNS would not read is refused with its place", "[corefile]") {
  CHECK(shape_of(".:53 {\n errors\n") == "Corefile:1:6: error: this `{` is never closed [E80]\n");
  CHECK(shape_of(".:53 {\n log {\n  class all\n}\n") ==
        "Corefile:1:6: error: this `{` is never closed [E80]\n");
  CHECK(shape_of(".:53 {\n}\n}\n") == "Corefile:3:1: error: this `}` closes nothing [E80]\n");
  CHECK(shape_of(".:53 {\n errors }\n")
            .starts_with("Corefile:2:9: error: this `}` closes nothing on its line"));
  CHECK(
      shape_of(".:53 {\n log \"x\n}\n").starts_with("Corefile:2:6: error: this quote has no end"));
  CHECK(shape_of("{\n}\n") ==
        "Corefile:1:1: error: a server block needs a zone before its `{` [E80]\n");
  CHECK(shape_of("import\n") == "Corefile:1:1: error: `import` lacks what it imports [E80]\n");
  CHECK(shape_of("(s) {\n}\n(s) {\n}\n") ==
        "Corefile:3:1: error: the snippet `s` is defined twice [E80]\n");
  CHECK(shape_of("(s) {\n{\n}\n") == "Corefile:1:5: error: this `{` is never closed [E80]\n");
  CHECK(shape_of(".:53 {\n forward\xC2\xA0. 1.2.3.4\n}\n")
            .starts_with("Corefile:2:2: error: this word has a blank in it that is not of ASCII"));
}

TEST_CASE("a file has limits", "[corefile]") {
  CHECK(shape_of(std::string(dns_stub::kMaxCorefileBytes + 1, '#')) ==
        "Corefile: error: the Corefile is longer than a ConfigMap can be [E80]\n");
  std::string words = "a.b {\n";
  for (std::size_t i = 0; i < dns_stub::kMaxCorefileWords; ++i) words += "x ";
  CHECK(shape_of(words).find("more than 200000 words") != std::string::npos);
  std::string deep = "a.b {\n x";
  for (int i = 0; i < 90'000; ++i) deep += " {\n";
  for (int i = 0; i < 90'000; ++i) deep += " }\n";
  CHECK(shape_of(deep + "}\n").size() > 90'000);
}

TEST_CASE("keys are split into scheme, zone and port", "[corefile]") {
  const auto key = [](const char* text) {
    const dns_stub::Key split = dns_stub::key_of(text);
    return split.scheme + ' ' + split.zone + ' ' + split.port;
  };
  CHECK(key("Mesh") == "dns mesh 53");
  CHECK(key("mesh.:1053") == "dns mesh 1053");
  CHECK(key("dns://.:53") == "dns . 53");
  CHECK(key(".") == "dns . 53");
  CHECK(key(":5353") == "dns . 5353");
  CHECK(key("tls://example.org") == "tls example.org 853");
  CHECK(key("https://example.org:8443") == "https example.org 8443");
  CHECK(key(".:{$PORT}") == "dns . {$PORT}");
  CHECK(key("10.0.0.0/24") == "dns 10.0.0.0/24 53");
}
