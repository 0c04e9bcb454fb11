// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest, read as YAML, as JSON and as whatever it looks like, with everything
// that follows from it: the set, the diagnostics sorted and rendered in every format, and the
// objects converted to other versions.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "compiler/resources/convert.h"
#include "compiler/resources/resources.h"

namespace {

void read_as(const char* name, const std::string& text) {
  smic::Sources sources;
  const smic::SourceId source = sources.add(name, text);
  smic::Diagnostics diagnostics(sources);
  const smic::resources::Set set = smic::resources::decode(sources, diagnostics);
  for (const auto format : {smic::DiagnosticsFormat::human, smic::DiagnosticsFormat::plain,
                            smic::DiagnosticsFormat::json, smic::DiagnosticsFormat::sarif}) {
    SMIC_CHECK(!smic::render(diagnostics, format).contains('\0'), "a NUL byte was rendered");
  }
  for (const smic::Diagnostic& diagnostic : diagnostics.sorted()) {
    const smic::Span& span = diagnostic.span;
    SMIC_CHECK(span.line == 0 || span.column <= sources.line(source, span.line).size() + 2,
               "a span lies outside of its line");
  }
  for (const auto& group : set.http_route_groups) {
    for (const auto& match : group.matches) {
      if (!match.path_regex) continue;
      for (std::size_t at = 0; at <= match.path_regex->value.size(); ++at) {
        smic::resources::inside(sources, *match.path_regex, at, 1);
      }
    }
  }
}

// Whatever can be read can be converted, and what was converted is printed so that it reads back.
void convert(const std::string& text) {
  namespace resources = smic::resources;
  smic::Sources sources;
  sources.add("fuzz.yaml", text);
  smic::Diagnostics diagnostics(sources);
  for (const char* version : {"v1alpha1", "v1alpha4"}) {
    const auto objects = convert_all(sources, *resources::parse_goal(version), diagnostics);
    for (const resources::Value& object : objects) {
      print_yaml(object);
      SMIC_CHECK(resources::value_of_json(print_json(object)) == object,
                 "an object was printed as JSON that is not it");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_as("fuzz.yaml", text);
  convert(text);
  read_as("fuzz.json", text);
  return 0;
}
