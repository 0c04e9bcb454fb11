// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/generated_c.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/check.h"

namespace smic::bench {
namespace {

// The pieces that route_table() makes its patterns of.
class RuleInC {
 public:
  explicit RuleInC(std::string_view pattern) : left_(pattern) {}

  std::string body() {
    while (!left_.empty()) piece();
    flush();
    return out_ + "  return 1;\n";
  }

 private:
  bool take(std::string_view text) {
    if (!left_.starts_with(text)) return false;
    left_.remove_prefix(text.size());
    return true;
  }

  void piece() {
    if (take("[0-9]+")) return many("*p >= '0' && *p <= '9'");
    if (take("[^/]+")) return many("*p != '/'");
    if (take("[a-z0-9-]+")) {
      return many("(*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-'");
    }
    if (take(".*")) return flush();
    if (take("(")) return either();
    if (take("$")) {
      flush();
      out_ += "  if (p != e) return 0;\n";
      return;
    }
    literal_ += left_.front();
    left_.remove_prefix(1);
  }

  void many(std::string_view test) {
    flush();
    out_ += "  if (p == e || !(" + std::string(test) + ")) return 0;\n";
    out_ += "  while (p != e && (" + std::string(test) + ")) ++p;\n";
  }

  void either() {
    flush();
    std::string_view both = left_.substr(0, left_.find(')'));
    left_.remove_prefix(both.size() + 1);
    std::string between = "  ";
    while (!both.empty()) {
      const std::string_view word = both.substr(0, both.find('|'));
      both.remove_prefix(std::min(both.size(), word.size() + 1));
      out_ +=
          between + "if (" + starts_with(word) + ") p += " + std::to_string(word.size()) + ";\n";
      between = "  else ";
    }
    out_ += "  else return 0;\n";
  }

  void flush() {
    if (literal_.empty()) return;
    out_ += "  if (!(" + starts_with(literal_) +
            ")) return 0;\n  p += " + std::to_string(literal_.size()) + ";\n";
    literal_.clear();
  }

  static std::string starts_with(std::string_view text) {
    const std::string size = std::to_string(text.size());
    return "e - p >= " + size + " && !memcmp(p, \"" + std::string(text) + "\", " + size + ")";
  }

  std::string_view left_;
  std::string literal_;
  std::string out_;
};

double children_milliseconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

std::string generated_c(const ir::Unit& table) {
  std::string rules = "#include <string.h>\n";
  std::string ask =
      "void match(int method, const char* p, const char* e, const char* agent, unsigned char* hit) "
      "{\n";
  for (std::size_t i = 0; i < table.matches.size(); ++i) {
    const ir::Match& match = table.matches[i];
    const std::string id = std::to_string(i);
    rules += "static int m" + id + "(const char* p, const char* e) {\n" +
             RuleInC(*match.path).body() + "}\n";
    ask += "  if ((1 << method & " + std::to_string(match.methods) + ")";
    for (const ir::HeaderTest& test : match.headers) {  // ".*word.*"
      ask += " && strstr(agent, \"" + test.regex.substr(2, test.regex.size() - 4) + "\")";
    }
    ask += " && m" + id + "(p, e)) hit[" + std::to_string(i / 50) + "] = 1;\n";
  }
  return rules + ask + "}\n";
}

double compile_with_clang(const std::string& source) {
  std::string name = std::filesystem::temp_directory_path() / "smic_bench_XXXXXX";
  const int file = mkstemp(name.data());
  SMIC_CHECK(file >= 0, "a bench can make a file");
  close(file);
  std::ofstream(name) << source;
  const double before = children_milliseconds();
  const std::string command = "clang-19 -O2 -x c -c -o /dev/null " + name;
  SMIC_CHECK(std::system(command.c_str()) == 0, "clang compiles what a bench generates");
  const double spent = children_milliseconds() - before;
  std::filesystem::remove(name);
  return spent;
}

}  // namespace smic::bench
