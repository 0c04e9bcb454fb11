// SPDX-License-Identifier: Apache-2.0
// The pipeline of DESIGN §3, stopped after any stage. Text of all units goes to one place; objects
// and images are one file per unit.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <ostream>

#include "base/command_line.h"
#include "cli/compile_stats.h"
#include "cli/input.h"
#include "compiler/codegen/codegen.h"
#include "compiler/decision/decision.h"
#include "compiler/target_options.h"
#include "compiler/unit_compiler.h"
#include "controller/cache/cache.h"
#include "controller/controller.h"
#include "controller/node_plan.h"

namespace smic::cli {
namespace {

namespace fs = std::filesystem;

enum class Emit { raw_ir, ir, graph, llvm, assembly, object, image, digests, manifest };

struct Options {
  Emit emit = Emit::ir;
  std::string output;
  std::string cache;
  bool node_plan = false;
  std::string mesh_ranges = controller::kDefaultMeshRanges;
  std::string target = codegen::targets().front();
  bool several_targets = false;  // --targets was given: then compile.targets has them
  CompileOptions compile;
  std::set<std::string> print_after;
  StatsFormat stats = StatsFormat::none;
  bool time = false;
};

// ---- the command line -------------------------------------------------------------------------

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const passes::Pass& pass : passes::all()) names.emplace_back(pass.name);
  return names;
}

template <class Set>
Taken add_pass(const std::string& given, Set& target) {
  const std::vector<std::string> known = pass_names();
  if (std::ranges::find(known, given) == known.end()) return UsageError(not_one_of(given, known));
  target.insert(given);
  return {};
}

Option print_after_option(std::set<std::string>& target) {
  return {"--print-after", "PASS|all", "show the IR after a pass, or after each, on stderr",
          [&target](const std::string& given) -> Taken {
            if (given != "all") return add_pass(given, target);
            for (std::string& name : pass_names()) target.insert(std::move(name));
            return {};
          }};
}

Option disable_pass_option(passes::Options& target) {
  return {"--disable-pass", "PASS", "leave a pass out",
          [&target](const std::string& given) { return add_pass(given, target.disabled); }};
}

Option target_option(std::string& target) {
  return {"--target", join_words(codegen::targets(), "|"),
          "the CPU that code is for (default: " + codegen::targets().front() + ")",
          [&target](const std::string& given) -> Taken {
            const std::vector<std::string>& known = codegen::targets();
            if (std::ranges::find(known, given) == known.end()) {
              return UsageError(not_one_of(given, known));
            }
            target = given;
            return {};
          }};
}

Option several_targets_option(Options& options) {
  Option option = targets_option(options.compile.targets, "the one of --target");
  option.take = [take = option.take, &options](const std::string& given) -> Taken {
    options.several_targets = true;
    return take(given);
  };
  return option;
}

std::string list_of_passes() {
  std::string text;
  for (const passes::Pass& pass : passes::all()) {
    std::string row = "  " + std::string(pass.name);
    row.resize(std::max<std::size_t>(row.size() + 2, 30), ' ');
    text += row + std::string(pass.why) + '\n';
  }
  return text;
}

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic compile";
  syntax.operands = "PATH...";
  syntax.least = 1;
  syntax.about =
      "Compiles manifests, or rule IR (.smir), as far as --emit says. A resource with an error is\n"
      "reported and left out, and the rest is still written.";
  syntax.options = {
      choice<Emit>("--emit",
                   {{"raw-ir", Emit::raw_ir},
                    {"ir", Emit::ir},
                    {"graph", Emit::graph},
                    {"llvm", Emit::llvm},
                    {"asm", Emit::assembly},
                    {"object", Emit::object},
                    {"image", Emit::image},
                    {"digests", Emit::digests},
                    {"manifest", Emit::manifest}},
                   options.emit,
                   "rule IR as lowered or after passes, decision graph, LLVM IR,\n"
                   "assembly, ELF object, image, the digest of each image, or\n"
                   "the manifest of a node (default: ir)"),
      choice<bool>("--address-plan", {{"loopback", false}, {"node", true}}, options.node_plan,
                   "where a manifest's addresses come from: loopback, as with\n"
                   "`smic up`, or node, as in a cluster (default: loopback)"),
      text("--mesh-ranges", "CIDR,...", options.mesh_ranges,
           "of the node plan (default: 240.0.0.0/7,fd73:6d69:6300::/48)"),
      text("-o", "FILE", options.output,
           "where to; for object and image of several units a directory,\n"
           "with a file per unit, and one per target with --targets\n"
           "(default: stdout)"),
      text("--cache", "DIR", options.cache,
           "keeps compiled units there, at most a gigabyte, and compiles\n"
           "for an image or a manifest only what is not there yet"),
      target_option(options.target),
      several_targets_option(options),
      print_after_option(options.print_after),
      disable_pass_option(options.compile.passes),
      flag("--time", options.time,
           "show on stderr what each pass took, and how many rules it\n"
           "was given and left"),
      choice<StatsFormat>("--stats", {{"human", StatsFormat::human}, {"json", StatsFormat::json}},
                          options.stats,
                          "instead of what --emit says: how each unit's patterns are told\n"
                          "apart and why that way, what became code, and all sizes")};
  add_meaning_options(options.compile.model, syntax.options);
  syntax.ending =
      "passes:\n" + list_of_passes() +
      "\nexamples:\n"
      "  smic compile examples/canary\n"
      "  smic compile --emit=ir examples/canary | smic compile --emit=ir -\n"
      "  smic compile --emit=image -o images/ examples/canary\n"
      "  smic compile --emit=digests examples/canary | diff - other-machine.txt\n"
      "  smic compile --stats=human examples/canary\n\n"
      "exit: 0 done, 1 the world failed, 2 the input has errors (what is good is written),\n"
      "64 wrong usage";
  return syntax;
}

// ---- stages -----------------------------------------------------------------------------------

std::string name_of(const ir::Unit& unit) {
  return ir::to_string(unit.service) + ':' + std::to_string(unit.port);
}

std::vector<ir::Unit> optimised(const std::vector<ir::Unit>& units, const Options& options) {
  std::vector<ir::Unit> result;
  for (const ir::Unit& raw : units) result.push_back(passes::run(raw, options.compile.passes));
  return result;
}

// Of one optimised unit, beyond the IR.
std::string text_of(const ir::Unit& unit, const Options& options) {
  if (options.emit == Emit::graph) return decision::describe(unit).text;
  const decision::Decision decision = decision::decide(unit);
  if (options.emit == Emit::llvm) {
    return "; unit " + name_of(unit) + '\n' + codegen::emit_llvm(decision, options.target);
  }
  return "# unit " + name_of(unit) + '\n' + codegen::emit_assembly(decision, options.target);
}

std::string text_of_all(const std::vector<ir::Unit>& units, const Options& options) {
  if (options.emit == Emit::raw_ir) return ir::print(units);
  if (options.emit == Emit::ir) return ir::print(optimised(units, options));
  std::string text;
  for (const ir::Unit& unit : optimised(units, options)) {
    if (!text.empty()) text += '\n';
    text += text_of(unit, options);
  }
  return text;
}

Result<contract::Bytes> object_of(const ir::Unit& raw, const Options& options) {
  const ir::Unit unit = passes::run(raw, options.compile.passes);
  auto bytes = codegen::emit_object(decision::decide(unit), options.target);
  if (!bytes) return fail(bytes, name_of(raw));
  return bytes;
}

// A line per image, to compare what two machines or two builds make of the same input.
Result<std::string> digests_of(const std::vector<ir::Unit>& units, const Options& options) {
  auto outputs = UnitCompiler(options.compile).compile(units);
  if (!outputs) return std::unexpected(outputs.error());
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const contract::Unit& names = outputs->units[i].names;
    const bool udp = units[i].protocol == ir::Protocol::udp;
    const std::string unit = ' ' + name_of(units[i]) + (udp ? "/udp" : "");
    if (!options.several_targets) {
      text += (names.native.empty() ? names.image : names.native[0].digest) + unit + '\n';
      continue;
    }
    text += names.image + unit + '\n';
    for (const auto& native : names.native) {
      text += native.digest + unit + ' ' + native.target + '\n';
    }
  }
  return text;
}

// What is written of a unit, in binary, under the name that its file has in a directory:
// "shop_reviews_9080.image", with several targets also "shop_reviews_9080.aarch64.image". UDP may
// share a number with TCP.
struct File {
  std::string name;
  UnitCompiler::Image bytes;
};

std::string file_stem(const ir::Unit& unit) {
  return unit.service.ns + '_' + unit.service.name + '_' + std::to_string(unit.port) +
         (unit.protocol == ir::Protocol::udp ? "_udp" : "");
}

void add_images(const std::string& stem, UnitCompiler::Output output, const Options& options,
                std::vector<File>& files) {
  if (!options.several_targets) {
    files.push_back({stem + ".image", output.native.empty() ? output.image : output.native[0]});
    return;
  }
  files.push_back({stem + ".image", std::move(output.image)});
  for (std::size_t i = 0; i < output.native.size(); ++i) {
    const std::string& target = output.names.native[i].target;
    files.push_back({stem + '.' + target + ".image", std::move(output.native[i])});
  }
}

// In the order of the units; equal images are one.
Result<std::vector<File>> files_of(const std::vector<ir::Unit>& units, const Options& options) {
  std::vector<File> files;
  if (options.emit == Emit::image) {
    auto outputs = UnitCompiler(options.compile).compile(units);
    if (!outputs) return std::unexpected(outputs.error());
    for (std::size_t i = 0; i < units.size(); ++i) {
      add_images(file_stem(units[i]), std::move(outputs->units[i]), options, files);
    }
    return files;
  }
  for (const ir::Unit& raw : units) {
    auto object = object_of(raw, options);
    if (!object) return std::unexpected(object.error());
    files.push_back(
        {file_stem(raw) + ".o", std::make_shared<const PackedBytes>(*object)});
  }
  return files;
}

Result<std::string> manifest_of(const Sources& sources, const Options& options,
                                Diagnostics& diagnostics) {
  auto plan = controller::loopback_plan();
  if (options.node_plan) {
    const auto ranges = controller::MeshRanges::parse(options.mesh_ranges);
    if (!ranges) return fail(ranges, "--mesh-ranges");
    plan = controller::node_plan(*ranges);
  }
  controller::Reconciler reconciler(options.compile, std::move(plan));
  const auto update = reconciler.reconcile(sources, diagnostics);
  if (!update) return std::unexpected(update.error());
  return contract::to_json(update->manifest_of(controller::kOnlyNode)) + '\n';
}

// ---- output -----------------------------------------------------------------------------------

Result<void> write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return fail("write " + path + ": " + std::strerror(errno));
  return {};
}

std::string_view as_text(const contract::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<void> write_text(const std::string& text, const Options& options, Console& console) {
  if (!options.output.empty() && options.output != "-") return write_file(options.output, text);
  console.out << text;
  return {};
}

bool means_directory(const std::string& path) {
  std::error_code unknown;
  return path.ends_with('/') || fs::is_directory(path, unknown);
}

Result<void> write_each(const std::vector<ir::Unit>& units, const Options& options) {
  std::error_code error;
  fs::create_directories(options.output, error);
  if (error) return fail("create " + options.output + ": " + error.message());
  const auto files = files_of(units, options);
  if (!files) return std::unexpected(files.error());
  for (const File& file : *files) {
    auto written =
        write_file((fs::path(options.output) / file.name).string(), as_text(file.bytes->unpack()));
    if (!written) return written;
  }
  return {};
}

Result<void> write_binary(const std::vector<ir::Unit>& units, const Options& options,
                          Console& console) {
  const bool to_stdout = options.output.empty() || options.output == "-";
  const bool several =
      units.size() != 1 || (options.several_targets && !options.compile.targets.empty());
  if (!to_stdout && (several || means_directory(options.output))) {
    return write_each(units, options);
  }
  if (units.empty()) return fail("the input has no unit to write");
  const auto files = files_of({units.front()}, options);
  if (!files) return std::unexpected(files.error());
  const contract::Bytes bytes = files->front().bytes->unpack();
  if (!to_stdout) return write_file(options.output, as_text(bytes));
  console.out << as_text(bytes);
  return {};
}

bool is_binary(const Options& options) {
  return options.stats == StatsFormat::none &&
         (options.emit == Emit::object || options.emit == Emit::image);
}

Result<void> write(const std::vector<ir::Unit>& units, const Options& options, Console& console) {
  if (options.stats != StatsFormat::none) {
    const auto stats = stats_of(units, options.compile, options.stats);
    return stats ? write_text(*stats, options, console) : std::unexpected(stats.error());
  }
  if (is_binary(options)) return write_binary(units, options, console);
  if (options.emit == Emit::digests) {
    const auto digests = digests_of(units, options);
    return digests ? write_text(*digests, options, console) : std::unexpected(digests.error());
  }
  return write_text(text_of_all(units, options), options, console);
}

void watch_passes(Options& options, PassFigures& figures, Console& console) {
  if (options.time) {
    options.compile.passes.timing = [&](std::string_view pass, double microseconds) {
      figures.add_time(pass, microseconds);
    };
  }
  if (!options.time && options.print_after.empty()) return;
  options.compile.passes.after = [&](std::string_view pass, const ir::Unit& before,
                                     const ir::Unit& after) {
    if (options.time) figures.add_rules(pass, before, after);
    if (!options.print_after.contains(std::string(pass))) return;
    console.err << "# after " << pass << '\n' << ir::print(after);
  };
}

// Binary never goes to a terminal, and several units never into one stream.
Taken check_output(const std::vector<ir::Unit>& units, const Options& options,
                   const Console& console) {
  if (!is_binary(options) || (!options.output.empty() && options.output != "-")) return {};
  if (units.size() > 1) {
    return UsageError("there are " + std::to_string(units.size()) +
                      " units, a file each: name a directory with -o");
  }
  if (options.several_targets && !options.compile.targets.empty()) {
    return UsageError("there is a file for each target: name a directory with -o");
  }
  if (console.out_is_terminal) return UsageError("this is binary: name a file with -o");
  return {};
}

}  // namespace

int run_compile(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (!options.several_targets) options.compile.targets = {options.target};
  const auto sources = read_input(begun.operands);
  if (!sources) return world_failed("compile", sources.error(), console);

  if (!options.cache.empty()) {
    auto store = cache::open(options.cache);
    if (!store) return world_failed("compile", store.error(), console);
    options.compile.store = *std::move(store);
  }
  PassFigures figures;
  watch_passes(options, figures, console);

  Diagnostics diagnostics(*sources);
  Result<void> written;
  if (options.emit == Emit::manifest && options.stats == StatsFormat::none) {
    const auto manifest = manifest_of(*sources, options, diagnostics);
    show_diagnostics(diagnostics, console);
    written = manifest ? write_text(*manifest, options, console)
                       : Result<void>(std::unexpected(manifest.error()));
  } else {
    const Frontend front = analyze(*sources, options.compile, diagnostics);
    show_diagnostics(diagnostics, console);
    if (auto fine = check_output(front.units, options, console); !fine) {
      return wrong_usage(syntax, fine.error(), console.err);
    }
    written = write(front.units, options, console);
  }
  if (options.time) console.err << figures.table();
  if (!written) return world_failed("compile", written.error(), console);
  return code_of(diagnostics);
}

}  // namespace smic::cli
