// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/figures.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace smic::bench {

void Figures::add(std::string name, double value, std::string unit, std::string peer) {
  list_.push_back({std::move(name), value, std::move(unit), std::move(peer)});
}

int Figures::write(int argc, char** argv) const {
  const auto asked = std::find_if(
      argv + 1, argv + argc, [](const char* each) { return std::string_view(each) == "--json"; });
  if (asked == argv + argc) return 0;
  if (asked + 1 == argv + argc) return 64;
  std::FILE* file = std::fopen(asked[1], "w");
  if (file == nullptr) {
    std::perror(asked[1]);
    return 1;
  }
  std::fputs("[", file);
  const char* separator = "\n";
  for (const Figure& each : list_) {
    std::fprintf(file,
                 "%s  {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"peer\": \"%s\"}",
                 separator, json_escape(each.name).c_str(), each.value,
                 json_escape(each.unit).c_str(), json_escape(each.peer).c_str());
    separator = ",\n";
  }
  std::fputs("\n]\n", file);
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace smic::bench
