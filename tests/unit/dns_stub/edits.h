// SPDX-License-Identifier: Apache-2.0
// An edit and what it said, in one line of a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

#include "controller/dns/dns_stub.h"

namespace smic::test {

struct Edited {
  std::optional<std::string> text;
  std::string said;  // "Corefile:2:1: error: … [E81]", a line each
};

using Edit = std::function<std::optional<std::string>(const Sources&, SourceId, Diagnostics&)>;

inline Edited edited(const std::string& text, const Edit& edit) {
  Sources sources;
  const SourceId id = sources.add("Corefile", text);
  Diagnostics diagnostics(sources);
  Edited result{edit(sources, id, diagnostics), {}};
  result.said = render(diagnostics, DiagnosticsFormat::plain);
  return result;
}

inline dns_stub::Stub mesh() { return {.zones = {"mesh"}, .responders = {"10.96.0.53"}}; }

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace smic::test
