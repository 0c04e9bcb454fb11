// SPDX-License-Identifier: Apache-2.0
// What a bench found out, as `--json FILE` wants it: [{"name", "value", "unit", "peer"}].
#pragma once

#include <string>
#include <vector>

namespace smic::bench {

class Figures {
 public:
  void add(std::string name, double value, std::string unit, std::string peer);

  // Writes them if the command line says `--json FILE`; the process's exit code.
  int write(int argc, char** argv) const;

 private:
  struct Figure {
    std::string name;
    double value;
    std::string unit;
    std::string peer;
  };
  std::vector<Figure> list_;
};

}  // namespace smic::bench
