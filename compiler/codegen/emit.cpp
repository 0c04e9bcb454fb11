// SPDX-License-Identifier: Apache-2.0
// An optimised module to machine code, by LLVM's code generator.
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>

#include <map>
#include <mutex>

#include "base/check.h"
#include "compiler/codegen/machine.h"
#include "compiler/codegen/pipeline.h"

namespace smic::codegen {
namespace {

void register_targets() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
}

std::unique_ptr<llvm::TargetMachine> make_machine(const Target& target) {
  static std::once_flag once;
  std::call_once(once, register_targets);
  std::string error;
  const llvm::Target* known = llvm::TargetRegistry::lookupTarget(target.triple, error);
  SMIC_CHECK(known, "LLVM was linked without a target that smic lists");
  return std::unique_ptr<llvm::TargetMachine>(known->createTargetMachine(
      target.triple, target.cpu, /*Features=*/"", llvm::TargetOptions(), llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

}  // namespace

llvm::TargetMachine& machine_for(const Target& target) {
  thread_local std::map<std::string_view, std::unique_ptr<llvm::TargetMachine>> machines;
  auto& machine = machines[target.name];
  if (!machine) machine = make_machine(target);
  return *machine;
}

std::string write_machine_code(llvm::Module& module, const Target& target, Output output,
                               Effort effort) {
  llvm::TargetMachine& machine = machine_for(target);
  machine.setOptLevel(effort == Effort::full ? llvm::CodeGenOptLevel::Default
                                             : llvm::CodeGenOptLevel::None);
  machine.setGlobalISel(false);  // AArch64 would take it for quick work, and it is not quick
  machine.setFastISel(effort == Effort::quick);
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  const auto type = output == Output::object ? llvm::CodeGenFileType::ObjectFile
                                             : llvm::CodeGenFileType::AssemblyFile;
  const bool unsupported = machine.addPassesToEmitFile(passes, out, nullptr, type);
  SMIC_CHECK(!unsupported, "LLVM cannot write this kind of output");
  passes.run(module);
  return std::string(bytes);
}

}  // namespace smic::codegen
