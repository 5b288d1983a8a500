//! Batches and their bytes. That the kernel and `nft` read them as they are meant, the machine's tests show.
