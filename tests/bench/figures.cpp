// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/figures.h"

#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace smic::bench {

void Figures::add(std::string name, double value, std::string unit, std::string peer) {
  list_.push_back({std::move(name), value, std::move(unit), std::move(peer)});
}

int Figures::write(int argc, char** argv) const {
  if (argc < 3 || std::string_view(argv[1]) != "--json") return argc == 1 ? 0 : 64;
  std::FILE* file = std::fopen(argv[2], "w");
  if (file == nullptr) {
    std::perror(argv[2]);
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
