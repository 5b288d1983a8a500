_standfast() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="standfast"
                ;;
            standfast,check)
                cmd="standfast__subcmd__check"
                ;;
            standfast,demo)
                cmd="standfast__subcmd__demo"
                ;;
            standfast,diff)
                cmd="standfast__subcmd__diff"
                ;;
            standfast,explain)
                cmd="standfast__subcmd__explain"
                ;;
            standfast,help)
                cmd="standfast__subcmd__help"
                ;;
            standfast,lsp)
                cmd="standfast__subcmd__lsp"
                ;;
            standfast,reference)
                cmd="standfast__subcmd__reference"
                ;;
            standfast,show)
                cmd="standfast__subcmd__show"
                ;;
            standfast,simulate)
                cmd="standfast__subcmd__simulate"
                ;;
            standfast,status)
                cmd="standfast__subcmd__status"
                ;;
            standfast__subcmd__help,check)
                cmd="standfast__subcmd__help__subcmd__check"
                ;;
            standfast__subcmd__help,demo)
                cmd="standfast__subcmd__help__subcmd__demo"
                ;;
            standfast__subcmd__help,diff)
                cmd="standfast__subcmd__help__subcmd__diff"
                ;;
            standfast__subcmd__help,explain)
                cmd="standfast__subcmd__help__subcmd__explain"
                ;;
            standfast__subcmd__help,help)
                cmd="standfast__subcmd__help__subcmd__help"
                ;;
            standfast__subcmd__help,lsp)
                cmd="standfast__subcmd__help__subcmd__lsp"
                ;;
            standfast__subcmd__help,reference)
                cmd="standfast__subcmd__help__subcmd__reference"
                ;;
            standfast__subcmd__help,show)
                cmd="standfast__subcmd__help__subcmd__show"
                ;;
            standfast__subcmd__help,simulate)
                cmd="standfast__subcmd__help__subcmd__simulate"
                ;;
            standfast__subcmd__help,status)
                cmd="standfast__subcmd__help__subcmd__status"
                ;;
            standfast__subcmd__help__subcmd__reference,completion)
                cmd="standfast__subcmd__help__subcmd__reference__subcmd__completion"
                ;;
            standfast__subcmd__help__subcmd__reference,man)
                cmd="standfast__subcmd__help__subcmd__reference__subcmd__man"
                ;;
            standfast__subcmd__help__subcmd__reference,markdown)
                cmd="standfast__subcmd__help__subcmd__reference__subcmd__markdown"
                ;;
            standfast__subcmd__help__subcmd__reference,schema)
                cmd="standfast__subcmd__help__subcmd__reference__subcmd__schema"
                ;;
            standfast__subcmd__help__subcmd__show,effective)
                cmd="standfast__subcmd__help__subcmd__show__subcmd__effective"
                ;;
            standfast__subcmd__help__subcmd__show,keepalived)
                cmd="standfast__subcmd__help__subcmd__show__subcmd__keepalived"
                ;;
            standfast__subcmd__reference,completion)
                cmd="standfast__subcmd__reference__subcmd__completion"
                ;;
            standfast__subcmd__reference,help)
                cmd="standfast__subcmd__reference__subcmd__help"
                ;;
            standfast__subcmd__reference,man)
                cmd="standfast__subcmd__reference__subcmd__man"
                ;;
            standfast__subcmd__reference,markdown)
                cmd="standfast__subcmd__reference__subcmd__markdown"
                ;;
            standfast__subcmd__reference,schema)
                cmd="standfast__subcmd__reference__subcmd__schema"
                ;;
            standfast__subcmd__reference__subcmd__help,completion)
                cmd="standfast__subcmd__reference__subcmd__help__subcmd__completion"
                ;;
            standfast__subcmd__reference__subcmd__help,help)
                cmd="standfast__subcmd__reference__subcmd__help__subcmd__help"
                ;;
            standfast__subcmd__reference__subcmd__help,man)
                cmd="standfast__subcmd__reference__subcmd__help__subcmd__man"
                ;;
            standfast__subcmd__reference__subcmd__help,markdown)
                cmd="standfast__subcmd__reference__subcmd__help__subcmd__markdown"
                ;;
            standfast__subcmd__reference__subcmd__help,schema)
                cmd="standfast__subcmd__reference__subcmd__help__subcmd__schema"
                ;;
            standfast__subcmd__show,effective)
                cmd="standfast__subcmd__show__subcmd__effective"
                ;;
            standfast__subcmd__show,help)
                cmd="standfast__subcmd__show__subcmd__help"
                ;;
            standfast__subcmd__show,keepalived)
                cmd="standfast__subcmd__show__subcmd__keepalived"
                ;;
            standfast__subcmd__show__subcmd__help,effective)
                cmd="standfast__subcmd__show__subcmd__help__subcmd__effective"
                ;;
            standfast__subcmd__show__subcmd__help,help)
                cmd="standfast__subcmd__show__subcmd__help__subcmd__help"
                ;;
            standfast__subcmd__show__subcmd__help,keepalived)
                cmd="standfast__subcmd__show__subcmd__help__subcmd__keepalived"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        standfast)
            opts="-h --help demo check diff show status simulate lsp reference explain help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__check)
            opts="-h --host --format --id --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "human json sarif" -- "${cur}"))
                    return 0
                    ;;
                --id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__demo)
            opts="-h --step --json --daemon --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --daemon)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__diff)
            opts="-h --format --host --id --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "human json" -- "${cur}"))
                    return 0
                    ;;
                --id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__explain)
            opts="-h --help BFD_CHECK DNS_CHECK FILE_CHECK HTTP_GET MISC_CHECK PING_CHECK SMTP_CHECK SSL SSL_GET TCP_CHECK UDP_CHECK accept active_key advert_int alpha anti_replay auth_hmac auth_key auth_pass auth_type authentication bfd_cpu_affinity bfd_instance bfd_no_swap bfd_priority bfd_process_name bfd_rlimit_rtime bfd_rlimit_rttime bfd_rt_priority bind_if bind_port bindto ca certificate check_unicast_src checker checker_cpu_affinity checker_log_all_failures checker_no_swap checker_priority checker_process_name checker_rlimit_rtime checker_rlimit_rttime checker_rt_priority child_wait_time config_save_dir connect_ip connect_port connect_timeout data_use_instance dbus_no_interface_name dbus_service_name debug default_interface delay delay_before_retry delay_loop digest disable_local_igmp dont_track_primary down_timer_adverts dynamic_interfaces echo_route echo_rx echo_source echo_tx enable_dbus enable_script_security enable_sni enable_snmp_checker enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_snmp_vrrp enable_traps enabled fall fast_recovery fifo_write_vrrp_states_on_reload file flag-1 flag-2 flag-3 fork_delay full_command fwmark garp_extra_if garp_group garp_interval garp_lower_prio_delay garp_lower_prio_repeat garp_master_delay garp_master_refresh garp_master_refresh_repeat garp_master_repeat global_defs global_tracking gna_interval group ha_suspend hashed heal_announce heal_notify helo_name higher_prio_send_advert hoplimit host http_protocol hysteresis idle_tx include_check inhibit_on_failure init_fail init_file instance interface interface_up_down_delays interfaces interval ip_family iproute_etc_dir iproute_usr_dir json_dump_file json_version kernel_rx_buf_size key lb_algo lb_kind linkbeat_interfaces linkbeat_use_polling log_all_failures log_unknown_vrids lower_prio_no_advert lthreshold lvs_flush lvs_flush_on_stop lvs_flush_onstop lvs_method lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force lvs_notify_fifo lvs_notify_fifo_script lvs_process_name lvs_sched lvs_sync_daemon lvs_sync_daemon_interface lvs_timeouts max_auto_priority max_hops max_reply_length mcast_dst_ip mcast_src_ip mh-fallback mh-port min_auto_priority_delay min_reply_length min_rx min_tx misc_dynamic misc_path misc_timeout mode multihop multiplier name namespace_with_ipsets native_ipv6 nb_get_retry neighbor_ip neighbour_ip net_namespace net_namespace_ipvs nftables nftables_counters nftables_ifindex nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark nftables_priority no_accept no_checker_emails no_email_faults no_virtual_ipaddress nopreempt notification_email notification_email_from notify notify_backup notify_deleted notify_down notify_fault notify_fifo notify_fifo_script notify_master notify_master_rx_lower_pri notify_priority_changes notify_stop notify_up old_unicast_checksum omega ops owner_ignore_adverts param_match passive password path payload persistence_engine persistence_granularity persistence_timeout preempt preempt_delay priority process process_monitor_rcv_bufs process_monitor_rcv_bufs_force process_name process_names promote_secondaries protocol quorum quorum_down quorum_max quorum_up random_seed real_server regex regex_max_offset regex_min_offset regex_no_match regex_options regex_stack reload_check_config reload_file reload_repeat reload_time_file require_reply retry rise router_id rs_init_notifies script script_user set_supplementary_groups sh-fallback sh-port shutdown_script shutdown_script_timeout skip_check_adv_addr smtp_alert smtp_alert_checker smtp_alert_vrrp smtp_connect_timeout smtp_helo_name smtp_server sni_name snmp_name snmp_rs_stats_update_interval snmp_socket snmp_vs_stats_update_interval sorry_server sorry_server_inhibit sorry_server_lvs_method source_ip startup_script startup_script_timeout state state_dump_file static_ipaddress static_routes static_rules stats_dump_file status_code step_down strict_mode sync_group_tracking_weight terminate_delay thread_timer_expired time_window timeout timer_expired_backup tls_compliant tmp_config_directory track_bfd track_file track_group track_interface track_process track_script track_src_ip ttl type umask unicast_fault_no_peer unicast_peer unicast_src_ip unicast_ttl url use_ipvlan use_pid_dir use_symlink_paths use_vmac use_vmac_addr user uthreshold v3_checksum_as_v2 version vip_lifetime virtual_ipaddress virtual_ipaddress_excluded virtual_router_id virtual_routes virtual_rules virtual_server virtual_server_group virtualhost vmac_addr_prefix vmac_garp_intvl vmac_prefix vmac_xmit_base vrf vrrp vrrp_check_unicast_src vrrp_cpu_affinity vrrp_delay_after_boot vrrp_down_timer_adverts vrrp_garp_extra_if vrrp_garp_interval vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_garp_master_delay vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_garp_master_repeat vrrp_gna_interval vrrp_heal_announce vrrp_heal_notify vrrp_higher_prio_send_advert vrrp_instance vrrp_ipsets vrrp_iptables vrrp_lower_prio_no_advert vrrp_mcast_group4 vrrp_mcast_group6 vrrp_min_garp vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force vrrp_no_swap vrrp_notify_fifo vrrp_notify_fifo_script vrrp_notify_priority_changes vrrp_owner_ignore_adverts vrrp_priority vrrp_process_name vrrp_rlimit_rtime vrrp_rlimit_rttime vrrp_rt_priority vrrp_rx_bufs_multiplier vrrp_rx_bufs_policy vrrp_script vrrp_skip_check_adv_addr vrrp_startup_delay vrrp_strict vrrp_sync_group vrrp_track_file vrrp_track_process vrrp_version vrrp_vmac_garp_intvl warmup weight SF0001 SF0002 SF0003 SF0004 SF0005 SF0006 SF0007 SF0008 SF0101 SF0102 SF0103 SF0104 SF0105 SF0106 SF0107 SF0108 SF0109 SF0110 SF0201 SF0202 SF0203 SF0204 SF0205 SF0206 SF0207 SF0208 SF0301 SF0302 SF0303 SF0304 SF0305 SF0306 SF0307 SF0308 SF0309 SF0310 SF0311 SF0401 SF0402 SF0403 SF0404 SF0405 SF0406 SF0407 SF0408 SF0409 SF0501 SF0502 SF0503 SF0504 SF0505 SF0506 SF0507 SF0508 SF0601 SF0602 SF0603 SF0604 SF0605 SF0606 SF0607 SF0608 SF0701 SF0702 SF0703 SF0704 SF0705 SF0706 SF0707 SF0708 SF0709 SF0801 SF0802 SF0901"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help)
            opts="demo check diff show status simulate lsp reference explain help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__check)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__demo)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__diff)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__explain)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__lsp)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__reference)
            opts="man schema markdown completion"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__reference__subcmd__completion)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__reference__subcmd__man)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__reference__subcmd__markdown)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__reference__subcmd__schema)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__show)
            opts="effective keepalived"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__show__subcmd__effective)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__show__subcmd__keepalived)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__simulate)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__help__subcmd__status)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__lsp)
            opts="-h --stdio --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference)
            opts="-h --help man schema markdown completion help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__completion)
            opts="-h --help bash elvish fish powershell zsh"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help)
            opts="man schema markdown completion help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help__subcmd__completion)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help__subcmd__man)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help__subcmd__markdown)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__help__subcmd__schema)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__man)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__markdown)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__reference__subcmd__schema)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show)
            opts="-h --help effective keepalived help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__effective)
            opts="-h --host --id --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__help)
            opts="effective keepalived help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__help__subcmd__effective)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__help__subcmd__keepalived)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__show__subcmd__keepalived)
            opts="-h --host --id --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__simulate)
            opts="-h --seed --bfd --log --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --seed)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        standfast__subcmd__status)
            opts="-h --socket --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --socket)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _standfast -o nosort -o bashdefault -o default standfast
else
    complete -F _standfast -o bashdefault -o default standfast
fi
