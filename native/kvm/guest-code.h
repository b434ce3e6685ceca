// The guest: a few bytes of real-mode code that take timer interrupts and report each.
#pragma once

#include <cstdint>

namespace tscope::kvm {

constexpr uint32_t kMemoryBytes = 64 * 1024;
constexpr uint16_t kCodeAddress = 0x1000;
constexpr uint16_t kHandlerAddress = 0x2000;
constexpr uint16_t kStackTop = 0x8000;
constexpr uint8_t kTimerVector = 0x20;
// The port that the handler writes to; the write leaves to userspace, which takes the time.
constexpr uint16_t kReportPort = 0x10;

// What a guest that sleeps between interrupts does.
constexpr uint8_t kHaltLoop[] = {
    0xfb,        // sti
    0xf4,        // again: hlt
    0xeb, 0xfd,  // jmp again
};

// What a guest that never leaves the CPU by itself does.
constexpr uint8_t kSpinLoop[] = {
    0xfb,        // sti
    0xeb, 0xfe,  // again: jmp again
};

// The report comes first, so that its time is as close to the delivery as can be.
constexpr uint8_t kHandler[] = {
    0xe6, kReportPort,                   // out kReportPort, al
    0x66, 0xb9, 0x0b, 0x08, 0x00, 0x00,  // mov ecx, 0x80b (the x2APIC's EOI register)
    0x66, 0x31, 0xc0,                    // xor eax, eax
    0x66, 0x31, 0xd2,                    // xor edx, edx
    0x0f, 0x30,                          // wrmsr
    0xcf,                                // iret
};

}  // namespace tscope::kvm
