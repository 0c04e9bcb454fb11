// SPDX-License-Identifier: Apache-2.0
// The reader of .smir on any bytes. What it accepts must print, and read back as the same value.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "compiler/text/text.h"

namespace {

std::vector<smic::ir::Unit> read(std::string text, bool* sound = nullptr) {
  smic::Sources sources;
  const smic::SourceId id = sources.add("fuzz.smir", std::move(text));
  smic::Diagnostics diagnostics(sources);
  std::vector<smic::ir::Unit> units = smic::text::parse(sources, id, diagnostics);
  if (sound) *sound = !diagnostics.has_errors();
  smic::render(diagnostics, smic::DiagnosticsFormat::human);
  return units;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto units = read(std::string(reinterpret_cast<const char*>(data), size));
  for (const auto& unit : units)
    SMIC_CHECK(smic::ir::verify(unit), "read a unit that is not sound");
  bool sound = false;
  SMIC_CHECK(read(smic::ir::print(units), &sound) == units, "what was printed reads differently");
  SMIC_CHECK(sound, "what was printed does not read");
  return 0;
}
